import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../../src/core/errors.ts";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { writeAtomic } from "../../src/files/writeAtomic.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { folderError } from "../../src/runs/folderError.ts";
import { type Draft, draftSchema, type KeptDraft } from "../shared/protocol.ts";
import { containedFile } from "./containedFile.ts";

const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Work that was not saved yet, one file for each pipeline: a browser that is killed keeps nothing of its last seconds. */
export class DraftStore {
  readonly #folder: string;
  /** Writes happen one after another, so that the last one that came is the one that stays. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The newest first. */
  async list(): Promise<KeptDraft[]> {
    const names = await readdir(this.#folder).catch((): string[] => []);
    const ids = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    const found = await Promise.all(
      ids
        .filter((id) => idPattern.test(id))
        .map((id) =>
          stat(join(this.#folder, `${id}.json`)).then(
            ({ mtimeMs }) => ({ id, modified: mtimeMs }),
            () => undefined,
          ),
        ),
    );
    return found.filter((each) => each !== undefined).sort((a, b) => b.modified - a.modified);
  }

  /** @throws FlamingoError NOT_FOUND, INVALID_PIPELINE */
  async read(id: string): Promise<Draft> {
    if (!idPattern.test(id)) throw missing(id);
    const file = await containedFile(this.#folder, `${id}.json`);
    return parseDraft(JSON.parse(await readFile(file, "utf8")), `the draft of "${id}"`);
  }

  /** @throws FlamingoError INVALID_PIPELINE; DISK_FULL, RUN_FOLDER */
  write(id: string, value: unknown): Promise<void> {
    if (!idPattern.test(id)) throw missing(id);
    const text = JSON.stringify(parseDraft(value, "the draft"));
    return this.#after(async () => {
      await makeFolder(this.#folder);
      await writeAtomic(join(this.#folder, `${id}.json`), text);
    });
  }

  delete(id: string): Promise<void> {
    if (!idPattern.test(id)) throw missing(id);
    return this.#after(() => rm(join(this.#folder, `${id}.json`), { force: true }));
  }

  #after(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(work).catch((error: unknown) => {
      throw folderError(error, this.#folder);
    });
    this.#writing = done.catch(() => {});
    return done;
  }
}

function parseDraft(value: unknown, source: string): Draft {
  const read = draftSchema.safeParse(value);
  if (!read.success) throw new FlamingoError("INVALID_PIPELINE", `${source} cannot be read`, { source });
  return { ...read.data, pipeline: parsePipeline(read.data.pipeline, source) };
}

function missing(id: string): FlamingoError {
  return new FlamingoError("NOT_FOUND", `there is no draft "${id}"`, { source: id, fix: "open the pipeline itself" });
}
