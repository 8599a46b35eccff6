import { findHome } from "../../src/runs/home.ts";
import { findStudio } from "../../src/runs/studioAddress.ts";

/**
 * Where the studio shows something, as a line to print.
 * @param place what comes after `#` in the studio's address: `run=ID`, `pipeline=ID`
 */
export function studioLink(place: string): string {
  const address = findStudio(findHome());
  return address === undefined
    ? "no studio is open for this folder: run `npm start`, and call this again"
    : `${address}#${place}`;
}
