import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolderSync } from "../files/makeFolder.ts";
import type { Home } from "./home.ts";
import { isRunning, processIdentity, thisProcess } from "./processIdentity.ts";

/** Where a studio that is open writes its address, for notebooks and commands of the same home. */
const fileOf = (home: Home) => join(home.folder, "studio.json");

/**
 * Writes down that a studio is open. The address holds its token, so only the user may read the file.
 * @returns what takes that back
 */
export function announceStudio(home: Home, url: string): () => void {
  const file = fileOf(home);
  const mark = JSON.stringify({ url, process: thisProcess() });
  try {
    makeFolderSync(home.folder);
    rmSync(file, { force: true }); // an old file keeps its permissions when it is written again
    writeFileSync(file, `${mark}\n`, { mode: 0o600 });
  } catch {
    return () => {}; // a studio is of use without it
  }
  return () => {
    try {
      if (readFileSync(file, "utf8").trim() === mark) rmSync(file, { force: true });
    } catch {
      // Somebody took it away already.
    }
  };
}

/** The address of the studio that is open, with its token; undefined where none is. */
export function findStudio(home: Home): string | undefined {
  try {
    const { url, process } = JSON.parse(readFileSync(fileOf(home), "utf8")) as { url: unknown; process: unknown };
    if (isRunning(processIdentity.parse(process)) !== true) return undefined;
    return typeof url === "string" && url.startsWith("http://127.0.0.1:") ? url : undefined;
  } catch {
    return undefined;
  }
}
