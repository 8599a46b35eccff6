import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../../src/core/errors.ts";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { diskUse } from "../../src/runs/diskUse.ts";
import { folderError } from "../../src/runs/folderError.ts";
import type { TrashedRun } from "../shared/protocol.ts";

/** Runs that were deleted: their folders wait here, unchanged, until they are put back or the trash is emptied. */
export class Trash {
  readonly #folder: string;
  readonly #runs: string;

  constructor(folder: string, runs: string) {
    this.#folder = folder;
    this.#runs = runs;
  }

  async list(): Promise<TrashedRun[]> {
    const ids = await readdir(this.#folder).catch((): string[] => []);
    return Promise.all(ids.sort().map(async (id) => ({ id, bytes: await diskUse(join(this.#folder, id)) })));
  }

  /** @throws FlamingoError RUN_FOLDER */
  async put(id: string): Promise<void> {
    try {
      await makeFolder(this.#folder);
      await rename(join(this.#runs, id), join(this.#folder, id));
    } catch (error) {
      throw folderError(error, this.#folder);
    }
  }

  /** Puts a run back where it was. @throws FlamingoError NOT_FOUND, CONFLICT if there is a run of its id by now */
  async restore(id: string): Promise<void> {
    try {
      await rename(join(this.#folder, id), join(this.#runs, id));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const fix = "choose one of the trash";
      if (code === "ENOENT") throw new FlamingoError("NOT_FOUND", `there is no run "${id}" in the trash`, { fix });
      throw folderError(error, this.#runs);
    }
  }

  /** Deletes what is in it for good. */
  async empty(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
