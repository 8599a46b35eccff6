import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";

/**
 * Reads a text file that a person named.
 * @param names what could be named instead of a file
 * @param fix what to name
 * @throws FlamingoError NOT_FOUND, with the name that was probably meant: one of `names`, or a file of the same kind in the same folder
 */
export async function readNamedFile(file: string, names: readonly string[], fix: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const message = isMissing ? `there is no file ${file}` : `cannot read ${file}: ${(error as Error).message}`;
    const details = { source: file, fix: isMissing ? suggestion(file, await meant(file, names), fix) : fix };
    throw new FlamingoError("NOT_FOUND", message, details, { cause: error });
  }
}

async function meant(file: string, names: readonly string[]): Promise<string[]> {
  const beside = await readdir(dirname(file)).catch((): string[] => []);
  const isAlike = (name: string) => extname(name) !== "" && extname(name) === extname(file);
  const files = beside.filter(isAlike).map((name) => (file === basename(file) ? name : join(dirname(file), name)));
  return [...names, ...files];
}
