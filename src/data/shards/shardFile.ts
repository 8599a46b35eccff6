import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FlamingoError } from "../../core/errors.ts";

/** A file that is read in parts. */
export class ShardFile {
  readonly path: string;
  readonly size: number;
  readonly #descriptor: number;

  private constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, "r");
    this.size = fstatSync(this.#descriptor).size;
  }

  /**
   * Opens a file for as long as it is used.
   * @throws FlamingoError NOT_FOUND or INVALID_DATA if it cannot be read
   */
  static use<T>(path: string, work: (file: ShardFile) => T): T {
    let file: ShardFile | undefined;
    try {
      file = new ShardFile(path);
      return work(file);
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      if (file) closeSync(file.#descriptor);
    }
  }

  /** Bytes of a file from `start` to before `end`; fewer if it ends before. @throws as `use` */
  static read(path: string, start: number, end: number): Uint8Array {
    return ShardFile.use(path, (file) => file.read(start, end));
  }

  /** Bytes from `start` to before `end`; fewer if the file ends before. */
  read(start: number, end: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.size) - start));
    let read = 0;
    while (read < bytes.length) {
      const more = readSync(this.#descriptor, bytes, read, bytes.length - read, start + read);
      if (more === 0) break;
      read += more;
    }
    return bytes.subarray(0, read);
  }
}

/** What a person is told of a file that the system does not give; other errors as they are. */
function unreadable(path: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof FlamingoError) return error;
  if (code === "ENOENT")
    return new FlamingoError("NOT_FOUND", `there is no file ${path}`, { source: path, fix: "check the path" });
  return new FlamingoError("INVALID_DATA", `${path} cannot be read: ${message}`, {
    source: path,
    fix: "name a file that you may read",
  });
}
