import { copyFile, lstat, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { z } from "zod";
import { emptyNotebook, printNotebook } from "../../../kernel/nbformat/notebook.ts";
import { printBytes } from "../../../src/core/bytes.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { makeFolder } from "../../../src/files/makeFolder.ts";
import { writeAtomic } from "../../../src/files/writeAtomic.ts";
import { folderError } from "../../../src/runs/folderError.ts";
import { type FileType, fileType, type SavedDocument } from "./document.ts";
import type { Documents } from "./documents.ts";
import {
  findPlace,
  findThere,
  isRefused,
  missing,
  type Place,
  type Roots,
  requireWritable,
  tutorialsName,
} from "./place.ts";

/** A file or folder as Jupyter's API describes it. */
export interface ContentsModel {
  name: string;
  path: string;
  type: FileType;
  writable: boolean;
  /** ISO 8601. */
  created: string;
  last_modified: string;
  /** Bytes; null for a folder. */
  size: number | null;
  mimetype: string | null;
  /** Null where it was not asked for. */
  format: "json" | "text" | "base64" | null;
  content: unknown;
}

/** A model; the content of a notebook as JSON text apart from it, so that it need not be parsed to be sent. */
export interface ReadContents {
  model: ContentsModel;
  json?: Uint8Array;
}

export interface ReadOptions {
  type?: string | undefined;
  format?: string | undefined;
  content: boolean;
}

/** Bytes of the largest file whose content is shown: what a page can take, and what may be saved. */
const mostShown = 100 * 1024 * 1024;

/** POST: what to make, or what to copy. */
export const createRequest = z.object({
  type: fileType.nullish(),
  ext: z
    .string()
    .regex(/^\.?\w{0,16}$/)
    .nullish(),
  copy_from: z.string().nullish(),
});

/** A saved state of a file, to which it can be set back. */
export interface CheckpointModel {
  id: string;
  last_modified: string;
}

/** There is one for each file, as in Jupyter's own server. */
const checkpointId = "checkpoint";

/** The notebooks and files that the studio shows: the user's own, and the tutorials. */
export class Contents {
  readonly roots: Roots;

  readonly #documents: Documents;

  constructor(roots: Roots, documents: Documents) {
    this.roots = roots;
    this.#documents = documents;
  }

  /** @throws FlamingoError NOT_FOUND, INVALID_NOTEBOOK, USAGE where the type asked for is another */
  async get(path: string, { type, format, content }: ReadOptions): Promise<ReadContents> {
    const place = await findThere(this.roots, path);
    const model = await describe(place);
    const found = model.type === "notebook" && type === "file" ? "file" : model.type;
    if (type && type !== found) throw new FlamingoError("USAGE", `"${path}" is a ${found}, not a ${type}`);
    if (!content) return { model: { ...model, type: found } };
    if (found === "directory") return { model: { ...model, format: "json", content: await this.#list(place) } };
    if (model.size! > mostShown) {
      const fix = `get the file itself: /files/${place.path}`;
      throw new FlamingoError("USAGE", `"${path}" is too large to be shown: it has ${printBytes(model.size!)}`, {
        fix,
      });
    }
    const bytes = await readFile(place.file);
    if (found === "notebook")
      return { model: { ...model, format: "json" }, json: await this.#documents.notebookJson(bytes, place.path) };
    const text = format === "base64" ? undefined : asText(bytes);
    if (text === undefined && format === "text") throw new FlamingoError("USAGE", `"${path}" is no UTF-8 text`);
    const read =
      text === undefined ? { format: "base64", content: bytes.toString("base64") } : { format: "text", content: text };
    return { model: { ...model, type: "file", ...(read as Pick<ContentsModel, "format" | "content">) } };
  }

  /** Where a file lies, and of which kind it is. @throws FlamingoError NOT_FOUND, USAGE for a folder */
  async file(path: string): Promise<{ file: string; mimetype: string | null }> {
    const place = await findThere(this.roots, path);
    const { type, mimetype } = await describe(place);
    if (type === "directory") throw new FlamingoError("USAGE", `"${path}" is a directory, not a file`);
    return { file: place.file, mimetype };
  }

  /**
   * Writes a file, or makes a folder.
   * @returns the model, and whether it is new
   * @throws FlamingoError NOT_FOUND, FORBIDDEN, INVALID_NOTEBOOK, USAGE, DISK_FULL, RUN_FOLDER
   */
  async save(path: string, body: Uint8Array): Promise<{ model: ContentsModel; created: boolean }> {
    await this.#forWriting(path); // what may not be written need not be read
    return this.#save(path, await this.#documents.readSaved(body, path));
  }

  async #save(path: string, { type, bytes }: SavedDocument): Promise<{ model: ContentsModel; created: boolean }> {
    const place = await this.#forWriting(path);
    const there = await stat(place.file).catch(() => undefined);
    if (there && there.isDirectory() !== (type === "directory"))
      throw new FlamingoError("CONFLICT", `"${path}" is there already, and is no ${type}`, {
        fix: "choose another name",
      });
    await this.#write(place, () => {
      if (type === "directory") return makeFolder(place.file);
      return writeAtomic(place.file, bytes);
    });
    return { model: await describe(place), created: there === undefined };
  }

  /**
   * Makes something new in a folder, or a copy there, under a name that is free.
   * @throws FlamingoError NOT_FOUND, FORBIDDEN, DISK_FULL, RUN_FOLDER
   */
  async create(folder: string, { type, ext, copy_from }: z.output<typeof createRequest>): Promise<ContentsModel> {
    const into = await this.#forWriting(folder, true);
    if (copy_from) {
      const from = await findThere(this.roots, copy_from);
      if (!(await stat(from.file)).isFile()) throw new FlamingoError("USAGE", `"${copy_from}" is no file to copy`);
      const place = await this.#free(into, from.name, "-Copy");
      await this.#write(place, () => copyFile(from.file, place.file));
      return describe(place);
    }
    const kind = type ?? (ext?.endsWith("ipynb") ? "notebook" : "file");
    const name = { notebook: "Untitled.ipynb", directory: "Untitled Folder", file: `untitled${dotted(ext ?? "txt")}` }[
      kind
    ];
    const place = await this.#free(into, name, kind === "directory" ? " " : "");
    const content = kind === "notebook" ? printNotebook(emptyNotebook()) : "";
    return (await this.#save(place.path, { type: kind, bytes: Buffer.from(content) })).model;
  }

  /** @throws FlamingoError NOT_FOUND, FORBIDDEN, CONFLICT, RUN_FOLDER */
  async rename(path: string, to: string): Promise<ContentsModel> {
    const from = await this.#there(path);
    const place = await this.#forWriting(to);
    const same = from.path === place.path;
    if (!same && (await stat(place.file).catch(() => undefined)))
      throw new FlamingoError("CONFLICT", `"${to}" is there already`, { source: to, fix: "choose another name" });
    await this.#write(place, () => rename(from.file, place.file));
    return describe(place);
  }

  /** @throws FlamingoError NOT_FOUND, FORBIDDEN, CONFLICT for a folder that is not empty */
  async delete(path: string): Promise<void> {
    const place = await this.#there(path);
    if (place.path === "") throw new FlamingoError("FORBIDDEN", "the folder of all notebooks stays");
    if (!(await stat(place.file)).isDirectory()) {
      const checkpoint = await checkpointFile(place);
      await this.#write(place, () => rm(place.file));
      await rm(checkpoint, { force: true });
      return;
    }
    if ((await this.#list(place)).length > 0)
      throw new FlamingoError("CONFLICT", `"${path}" is not empty`, { fix: "delete what is in it first" });
    await rm(join(place.file, checkpointFolder), { recursive: true, force: true });
    await this.#write(place, () => rmdir(place.file));
  }

  /** @throws FlamingoError NOT_FOUND */
  async checkpoints(path: string): Promise<CheckpointModel[]> {
    const found = await stat(await checkpointFile(await findThere(this.roots, path))).catch(() => undefined);
    return found ? [{ id: checkpointId, last_modified: found.mtime.toISOString() }] : [];
  }

  /** @throws FlamingoError NOT_FOUND, FORBIDDEN, RUN_FOLDER, DISK_FULL */
  async addCheckpoint(path: string): Promise<CheckpointModel> {
    const place = await this.#there(path);
    const file = await checkpointFile(place);
    await this.#write(place, async () => {
      await makeFolder(dirname(file));
      await writeAtomic(file, await readFile(place.file));
    });
    return (await this.checkpoints(path))[0]!;
  }

  /** Sets a file back. @throws FlamingoError NOT_FOUND, FORBIDDEN */
  async restoreCheckpoint(path: string, id: string): Promise<void> {
    const place = await this.#checkpoint(path, id);
    const file = await checkpointFile(place);
    await this.#write(place, async () => writeAtomic(place.file, await readFile(file)));
  }

  /** @throws FlamingoError NOT_FOUND, FORBIDDEN */
  async deleteCheckpoint(path: string, id: string): Promise<void> {
    await rm(await checkpointFile(await this.#checkpoint(path, id)));
  }

  /** The folder that a document's kernel works in: its own, or the top where that is only read or not there. */
  async folderOf(path: string): Promise<string> {
    await makeFolder(this.roots.own);
    const parent = path.split("/").slice(0, -1).join("/");
    const place = await findThere(this.roots, parent).catch(() => undefined);
    return place?.writable && (await stat(place.file)).isDirectory() ? place.file : this.roots.own;
  }

  async #list(place: Place): Promise<ContentsModel[]> {
    const names = await readdir(place.file).catch((): string[] => []);
    const top = place.path === "";
    const own = names.filter((name) => !isRefused(name) && !(top && name === tutorialsName));
    const models = await Promise.all(
      [...(top ? [tutorialsName] : []), ...own.sort()].map((name) =>
        findThere(this.roots, top ? name : `${place.path}/${name}`)
          .then(describe)
          .catch(() => undefined),
      ),
    );
    return models.filter((model) => model !== undefined);
  }

  async #checkpoint(path: string, id: string): Promise<Place> {
    const place = await this.#there(path);
    if (id === checkpointId && (await this.checkpoints(path)).length > 0) return place;
    throw missing(`${path}/checkpoints/${id}`);
  }

  /** What is there and may be changed. */
  async #there(path: string): Promise<Place> {
    const place = await findThere(this.roots, path);
    requireWritable(place);
    return place;
  }

  /** Where something may be written: in a folder that is there. */
  async #forWriting(path: string, isFolder = false): Promise<Place> {
    const place = await findPlace(this.roots, path);
    requireWritable(place);
    await makeFolder(this.roots.own).catch((error: unknown) => {
      throw folderError(error, this.roots.own);
    });
    const folder = isFolder ? place.file : dirname(place.file);
    const found = await stat(folder).catch(() => undefined);
    if (!found?.isDirectory() || (!isFolder && place.path === "")) throw missing(path);
    return place;
  }

  async #write(place: Place, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw folderError(error, dirname(place.file));
    }
  }

  /** The first name that is free in a folder: `a.ipynb`, `a-Copy1.ipynb`, `a-Copy2.ipynb`. */
  async #free(folder: Place, name: string, insert: string): Promise<Place> {
    const extension = extname(name);
    const stem = name.slice(0, name.length - extension.length);
    for (let count = 0; ; count++) {
      const candidate = count === 0 ? name : `${stem}${insert}${count}${extension}`;
      const place = await findPlace(this.roots, folder.path === "" ? candidate : `${folder.path}/${candidate}`);
      if (place.writable && !(await stat(place.file).catch(() => undefined))) return place;
    }
  }
}

async function describe(place: Place): Promise<ContentsModel> {
  const found = await stat(place.file).catch((error: NodeJS.ErrnoException) => {
    if (place.path === "" && error.code === "ENOENT") return undefined; // made when it is needed
    throw missing(place.path);
  });
  const isFolder = found?.isDirectory() ?? true;
  if (!isFolder && !found?.isFile()) throw missing(place.path);
  const { path, name, writable } = place;
  return {
    name,
    path,
    type: isFolder ? "directory" : name.endsWith(".ipynb") ? "notebook" : "file",
    writable,
    created: (found?.birthtime ?? new Date(0)).toISOString(),
    last_modified: (found?.mtime ?? new Date(0)).toISOString(),
    size: isFolder ? null : found!.size,
    mimetype: isFolder ? null : (mimeTypes[extname(name).toLowerCase()] ?? null),
    format: null,
    content: null,
  };
}

/** Undefined for bytes that are no UTF-8. */
function asText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const checkpointFolder = ".ipynb_checkpoints";

/** Where a file's checkpoint is, or would be; a link in its way is not followed. */
async function checkpointFile({ file, name, path }: Place): Promise<string> {
  const extension = extname(name);
  const folder = join(dirname(file), checkpointFolder);
  const checkpoint = join(folder, `${name.slice(0, name.length - extension.length)}-checkpoint${extension}`);
  for (const part of [folder, checkpoint])
    if ((await lstat(part).catch(() => undefined))?.isSymbolicLink()) throw missing(path);
  return checkpoint;
}

function dotted(extension: string): string {
  return extension === "" || extension.startsWith(".") ? extension : `.${extension}`;
}

const mimeTypes: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".html": "text/html",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".md": "text/markdown",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".webp": "image/webp",
};
