import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FlamingoError } from "../../src/core/errors.ts";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { writeAtomic } from "../../src/files/writeAtomic.ts";
import { type Pipeline, parsePipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { folderError } from "../../src/runs/folderError.ts";
import type { NamedVersion, VersionSummary } from "../shared/protocol.ts";
import { containedFile } from "./containedFile.ts";

const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/;
const versionPattern = /^[0-9]{1,16}$/;

/** At most so many versions of a pipeline: each is a file that the list reads. */
const mostVersions = 200;

/** Named states of pipelines: a folder for each pipeline, and in it a file for each version, called by the time when it was named. */
export class VersionStore {
  readonly #folder: string;
  /** Writes happen one after another, so that no two versions get one name of a file. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The newest first; what cannot be read is left out. */
  async list(id: string): Promise<VersionSummary[]> {
    const all = await Promise.all((await this.#versions(id)).map((each) => this.read(id, each).catch(() => undefined)));
    return all.flatMap((each) => (each ? [{ version: each.version, name: each.name, time: each.time }] : []));
  }

  /** @throws FlamingoError NOT_FOUND, INVALID_PIPELINE, NEWER_PIPELINE */
  async read(id: string, version: string): Promise<NamedVersion> {
    const file = await containedFile(this.#folderOf(id, version), `${version}.json`).catch(() => {
      throw missing(id, version);
    });
    return { version, ...readVersion(await readFile(file, "utf8"), `version ${version} of "${id}"`) };
  }

  /** Names the state of a pipeline. @throws FlamingoError CONFLICT if there are too many; DISK_FULL, RUN_FOLDER */
  add(id: string, name: string, pipeline: Pipeline): Promise<VersionSummary> {
    const folder = this.#folderOf(id);
    return this.#after(async () => {
      const known = await this.#versions(id);
      if (known.length >= mostVersions) {
        const fix = "delete some that are not needed";
        throw new FlamingoError("CONFLICT", `"${id}" has ${known.length} versions, which is the most`, { fix });
      }
      const time = Math.max(Date.now(), Number(known[0] ?? 0) + 1);
      await makeFolder(folder);
      await writeAtomic(join(folder, `${time}.json`), writeVersion({ name, time, pipeline }));
      return { version: String(time), name, time };
    });
  }

  delete(id: string, version: string): Promise<void> {
    const folder = this.#folderOf(id, version);
    return this.#after(() => rm(join(folder, `${version}.json`), { force: true }));
  }

  /** Makes the versions of one pipeline those of another that has none. */
  take(id: string, from: string): Promise<void> {
    const [to, source] = [this.#folderOf(id), this.#folderOf(from)];
    return this.#after(async () => {
      const [own, others] = [await this.#versions(id), await this.#versions(from)];
      if (id === from || own.length > 0 || others.length === 0) return;
      await rm(to, { recursive: true, force: true });
      await rename(source, to);
    });
  }

  /** Names of files, the newest first. */
  async #versions(id: string): Promise<string[]> {
    const names = await readdir(this.#folderOf(id)).catch((): string[] => []);
    return names
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -".json".length))
      .filter((name) => versionPattern.test(name))
      .sort((a, b) => Number(b) - Number(a));
  }

  #folderOf(id: string, version = "0"): string {
    if (!idPattern.test(id) || !versionPattern.test(version)) throw missing(id, version);
    return join(this.#folder, id);
  }

  #after<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work).catch((error: unknown) => {
      throw error instanceof FlamingoError ? error : folderError(error, this.#folder);
    });
    this.#writing = done.catch(() => {});
    return done;
  }
}

const versionFile = z.strictObject({ name: z.string().max(120), time: z.number(), pipeline: z.unknown() });

/** The text of a version's file. */
export function writeVersion({ pipeline, ...about }: Omit<NamedVersion, "version">): string {
  return `${JSON.stringify({ ...about, pipeline: JSON.parse(writePipeline(pipeline)) }, undefined, 2)}\n`;
}

/** Reads that. @throws FlamingoError INVALID_PIPELINE, NEWER_PIPELINE */
export function readVersion(text: string, source: string): Omit<NamedVersion, "version"> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const read = versionFile.safeParse(value);
  if (!read.success) {
    const fix = "delete its file, or take another version";
    throw new FlamingoError("INVALID_PIPELINE", `${source} cannot be read`, { source, fix });
  }
  return { ...read.data, pipeline: parsePipeline(read.data.pipeline, source) };
}

function missing(id: string, version: string): FlamingoError {
  const fix = "choose one from the list";
  return new FlamingoError("NOT_FOUND", `there is no version ${version} of "${id}"`, { source: id, fix });
}
