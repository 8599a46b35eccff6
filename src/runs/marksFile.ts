import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../files/writeAtomic.ts";
import { folderError } from "./folderError.ts";
import { marksSchema, noMarks, type RunMarks } from "./marks.ts";

/** Holds a run's marks, in its folder. */
export const marksFile = "marks.json";

/** A run's marks; none where the file is missing or cannot be read, for a run is worth showing without them. */
export async function readMarks(folder: string): Promise<RunMarks> {
  try {
    return marksSchema.parse(JSON.parse(await readFile(join(folder, marksFile), "utf8")));
  } catch {
    return noMarks;
  }
}

/** @throws FlamingoError RUN_FOLDER, DISK_FULL */
export async function writeMarks(folder: string, marks: RunMarks): Promise<void> {
  try {
    await writeAtomic(join(folder, marksFile), `${JSON.stringify(marks, undefined, 2)}\n`);
  } catch (error) {
    throw folderError(error, folder);
  }
}
