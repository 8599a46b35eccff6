import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FlamingoError } from "../../src/core/errors.ts";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { writeAtomic } from "../../src/files/writeAtomic.ts";
import { type Pipeline, readPipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { folderError } from "../../src/runs/folderError.ts";
import type { PipelineSummary, StoredPipeline } from "../shared/protocol.ts";
import { containedFile } from "./containedFile.ts";

const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * The pipelines on disk: templates that come with the studio and are only read, and the user's own. Each has a `rev`
 * that names its content, so that two tabs cannot overwrite each other unseen.
 */
export class PipelineStore {
  readonly #templates: string;
  readonly #own: string;
  /** Writes happen one after another, so that a `rev` that was compared still holds when the file is written. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(templates: string, own: string) {
    this.#templates = templates;
    this.#own = own;
  }

  /** Templates first, by name of file; then the user's own, the newest first. A broken file is listed and says so. */
  async list(): Promise<PipelineSummary[]> {
    const templates = await idsIn(this.#templates);
    const own = (await idsIn(this.#own)).filter((id) => !templates.includes(id));
    const summaries = await Promise.all([...templates, ...own].map((id) => this.#summary(id, templates.includes(id))));
    const listed = summaries.filter((summary) => summary !== undefined);
    return [
      ...listed.filter(({ template }) => template),
      ...listed.filter(({ template }) => !template).sort((a, b) => b.modified - a.modified),
    ];
  }

  /** @throws FlamingoError NOT_FOUND, INVALID_PIPELINE, NEWER_PIPELINE */
  async read(id: string): Promise<StoredPipeline> {
    const { text, template } = await this.#load(id);
    return { id, rev: revOf(text), template, pipeline: readPipeline(text, `${id}.json`) };
  }

  /**
   * Writes one of the user's pipelines.
   * @param rev of the content that it replaces; undefined for a new one
   * @throws FlamingoError CONFLICT if the content is another by now; FORBIDDEN for a template; DISK_FULL, RUN_FOLDER
   */
  write(id: string, pipeline: Pipeline, rev: string | undefined): Promise<StoredPipeline> {
    const written = this.#writing.then(() => this.#write(id, pipeline, rev));
    this.#writing = written.catch(() => {});
    return written;
  }

  async #write(id: string, pipeline: Pipeline, rev: string | undefined): Promise<StoredPipeline> {
    const there = await this.#load(id).catch((error: unknown) => {
      if (idPattern.test(id) && error instanceof FlamingoError && error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    if (there?.template) {
      const fix = "save it under another name";
      throw new FlamingoError("FORBIDDEN", `"${id}" is a template, and stays as it is`, { source: id, fix });
    }
    const found = there && revOf(there.text);
    if (found !== rev) {
      const message =
        rev === undefined
          ? `there is a pipeline "${id}" already`
          : `"${id}" was ${found === undefined ? "deleted" : "changed"} elsewhere since it was opened`;
      const fix = rev === undefined ? "choose another name" : "open it again, or save yours under another name";
      throw new FlamingoError("CONFLICT", message, { source: id, expected: rev, actual: found, fix });
    }
    const text = writePipeline(pipeline);
    try {
      await makeFolder(this.#own);
      await writeAtomic(join(this.#own, `${id}.json`), text);
    } catch (error) {
      throw folderError(error, this.#own);
    }
    return { id, rev: revOf(text), template: false, pipeline };
  }

  async #load(id: string): Promise<{ text: string; template: boolean; modified: number }> {
    if (!idPattern.test(id)) throw missing(id);
    for (const [folder, template] of [
      [this.#templates, true],
      [this.#own, false],
    ] as const) {
      const file = await containedFile(folder, `${id}.json`).catch(() => undefined);
      if (file) return { text: await readFile(file, "utf8"), template, modified: (await stat(file)).mtimeMs };
    }
    throw missing(id);
  }

  async #summary(id: string, template: boolean): Promise<PipelineSummary | undefined> {
    const loaded = await this.#load(id).catch(() => undefined);
    if (!loaded) return undefined;
    const { text, modified } = loaded;
    try {
      const { name, description } = readPipeline(text, `${id}.json`);
      return { id, name, description, template, modified };
    } catch (error) {
      return { id, name: id, description: `cannot be opened: ${(error as Error).message}`, template, modified };
    }
  }
}

async function idsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const ids = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
  return ids.filter((id) => idPattern.test(id)).sort();
}

function revOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function missing(id: string): FlamingoError {
  return new FlamingoError("NOT_FOUND", `there is no pipeline "${id}"`, {
    source: id,
    fix: "choose one from the list",
  });
}
