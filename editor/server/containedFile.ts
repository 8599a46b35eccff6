import { realpath, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { FlamingoError } from "../../src/core/errors.ts";

/**
 * The path of a file that lies inside a folder, wherever links and `..` lead.
 * @throws FlamingoError NOT_FOUND if it lies outside, is no file, or is not there: a stranger learns no difference
 */
export async function containedFile(folder: string, name: string): Promise<string> {
  try {
    if (name.includes("\0")) throw new Error("no name has a zero byte");
    const root = await realpath(folder);
    const file = await realpath(resolve(root, name));
    if (file.startsWith(root + sep) && (await stat(file)).isFile()) return file;
  } catch {
    // The same answer as for a file outside.
  }
  throw new FlamingoError("NOT_FOUND", `there is no file "${name}"`, { fix: "load the page again" });
}
