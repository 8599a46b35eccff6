import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { isRun, listRuns } from "./folder.ts";
import type { Home } from "./home.ts";

/**
 * The folder of a run: a path, or else the id of a run of this home.
 * @throws FlamingoError RUN_FOLDER if there is none, with the run that was probably meant
 */
export async function findRun(name: string, home: Home): Promise<string> {
  for (const folder of [resolve(name), join(home.runs, name)]) if (await isRun(folder)) return folder;
  const beside = await readdir(dirname(name)).catch((): string[] => []);
  const known = [...(await listRuns(home.runs)), ...beside.map((each) => join(dirname(name), each))];
  const fix = suggestion(name, known, "name the folder of a run, or its id");
  throw new FlamingoError("RUN_FOLDER", `there is no run ${name}`, { source: name, fix });
}
