import { existsSync } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { printBytes } from "../../src/core/bytes.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { weightsName } from "../../src/core/slot.ts";
import { freeSpace } from "../../src/files/freeSpace.ts";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { folderError } from "../../src/runs/folderError.ts";
import type { Home } from "../../src/runs/home.ts";
import type { ImportedModel, ModelRequest, UploadRequest } from "../shared/protocol.ts";
import type { Library } from "./describe.ts";

/** What belongs to a model: weights, and what tells how they are read. */
const fileName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.(safetensors|bin|pt|pth|json|txt|model)$/;

/** Left free on the disk, so that a model does not keep runs from being written. */
const spare = 1e9;

/**
 * Models that the page opens: where they are on this machine, or files that a browser sends, which tells no paths. Those are written to a
 * folder beside the imported weights' records, a part after the other, and become a model when all of them are there.
 */
export class ModelStore {
  readonly #home: Home;
  readonly #library: Library;
  /** Bytes that each file of an upload is to have, by the name of its model. */
  readonly #uploads = new Map<string, Map<string, number>>();

  constructor(home: Home, library: Library) {
    this.#home = home;
    this.#library = library;
  }

  /**
   * Makes a pipeline of a model by its path, or of the files that were sent under its name.
   * @throws FlamingoError as `importModel`; NOT_FOUND, USAGE
   */
  async open({ path, ...request }: ModelRequest): Promise<ImportedModel> {
    if (path !== undefined) return this.#import({ ...request, path });
    const { name = "" } = request;
    await this.#requireWhole(name);
    const [part, folder] = [this.#part(name), join(this.#home.models, name)];
    await rename(part, folder);
    this.#uploads.delete(name);
    try {
      return await this.#import({ ...request, path: folder });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Begins an upload: nothing is taken that cannot become a model or has no room.
   * @throws FlamingoError USAGE, CONFLICT, DISK_FULL
   */
  async begin(name: string, { files }: UploadRequest): Promise<void> {
    const fix = "choose the folder with config.json and the weights";
    if (!weightsName.safeParse(name).success)
      throw new FlamingoError("USAGE", `"${name}" is no name of weights`, { fix: "use small letters, digits and -" });
    const wrong = files.find((file) => !fileName.test(file.name));
    if (wrong) throw new FlamingoError("USAGE", `"${wrong.name}" is no file of a model`, { fix });
    if (!files.some((file) => file.name === "config.json"))
      throw new FlamingoError("USAGE", "there is no config.json among the files", { fix });
    if (existsSync(join(this.#home.models, name)) || existsSync(join(this.#home.models, `${name}.json`)))
      throw new FlamingoError("CONFLICT", `"${name}" is the name of imported weights already`, {
        source: name,
        fix: "choose another name",
      });
    const part = this.#part(name);
    try {
      await rm(part, { recursive: true, force: true }); // of an upload that was broken off
      await makeFolder(part);
    } catch (error) {
      throw folderError(error, this.#home.models);
    }
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const free = await freeSpace(part);
    if (bytes + spare > free) {
      await rm(part, { recursive: true, force: true });
      throw new FlamingoError(
        "DISK_FULL",
        `the model takes ${printBytes(bytes)}, and the disk has ${printBytes(free)}`,
        {
          source: this.#home.models,
          fix: "make room, or give the path of the folder: the weights stay there then",
        },
      );
    }
    this.#uploads.set(name, new Map(files.map((file) => [file.name, file.size])));
  }

  /** Writes the next part of a file, which begins at `from`. @throws FlamingoError USAGE for a part that is not the next */
  async append(name: string, file: string, from: number, bytes: Uint8Array): Promise<void> {
    const size = this.#uploads.get(name)?.get(file);
    if (size === undefined) throw notBegun(name);
    const path = join(this.#part(name), file);
    const there = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    if (from !== there || from + bytes.length > size)
      throw new FlamingoError(
        "USAGE",
        `${file} has ${there} of ${size} bytes, and a part of ${bytes.length} from ${from} came`,
        {
          fix: "send the files again",
        },
      );
    try {
      const handle = await open(path, "a");
      try {
        await handle.write(bytes);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw folderError(error, this.#home.models);
    }
  }

  /** Throws away what was sent under a name. */
  async abandon(name: string): Promise<void> {
    if (!this.#uploads.delete(name)) return;
    await rm(this.#part(name), { recursive: true, force: true });
  }

  async #import(request: ModelRequest & { path: string }): Promise<ImportedModel> {
    const { importModel } = this.#library;
    if (!importModel) throw new FlamingoError("NOT_FOUND", "this studio opens no models of other libraries");
    const report = await importModel({ ...request, home: this.#home });
    const { family, parameters, notes } = report;
    return { id: basename(report.pipeline, ".json"), family, parameters, notes: [...notes] };
  }

  async #requireWhole(name: string): Promise<void> {
    const files = this.#uploads.get(name);
    if (!files) throw notBegun(name);
    for (const [file, size] of files) {
      const there = await stat(join(this.#part(name), file)).then(
        ({ size }) => size,
        () => 0,
      );
      if (there !== size)
        throw new FlamingoError("USAGE", `${file} has ${there} of ${size} bytes`, { fix: "send the files again" });
    }
  }

  /** Where files are until all of them are there: no name of weights ends like this. */
  #part(name: string): string {
    return join(this.#home.models, `${name}.part`);
  }
}

function notBegun(name: string): FlamingoError {
  return new FlamingoError("NOT_FOUND", `no files of "${name}" are being sent`, { fix: "send them again" });
}
