import { type BigIntStats, closeSync, fstatSync, openSync, readSync } from "node:fs";
import { refuse } from "./refuse.ts";

/** Bytes that can be read at any place: those of a file, or of memory. */
export interface ByteSource {
  /** What the bytes are, for messages: the file's path. */
  readonly name: string;
  readonly size: number;
  /**
   * The bytes of a range.
   * @param into memory that they may be read into, which begins at a multiple of 8 and has room for them
   * @throws FlamingoError INVALID_WEIGHTS if the range is not inside, or the file cannot be read
   */
  read: ReadBytes;
}

export type ReadBytes = (offset: number, length: number, into?: Uint8Array) => Uint8Array;

/** One read takes at most this many bytes, which every system allows. */
const readAtOnce = 1 << 30;

export function memoryBytes(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read: (offset, length) => {
      requireInside(name, offset, length, bytes.byteLength);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/**
 * The bytes of a file. It is opened for each read, so that nobody has to close it; a file that was changed since the first
 * look is refused, since its parts would be of two files.
 *
 * @throws FlamingoError INVALID_WEIGHTS if there is no such file, or it cannot be read
 */
export function fileBytes(path: string): ByteSource {
  const first = withFile(path, (file) => fstatSync(file, { bigint: true }));
  if (!first.isFile()) throw refuse(path, "this is no file", { fix: "name a file" });
  const size = Number(first.size);
  return {
    name: path,
    size,
    read: (offset, length, into) => {
      requireInside(path, offset, length, size);
      return withFile(path, (file) => {
        if (!isSame(first, fstatSync(file, { bigint: true })))
          throw refuse(path, "the file was changed while it was read", { fix: "read it once more" });
        const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
        let position = 0;
        while (position < length) {
          const count = readSync(file, bytes, position, Math.min(readAtOnce, length - position), offset + position);
          if (count === 0) throw refuse(path, "the file was cut off while it was read");
          position += count;
        }
        return bytes;
      });
    },
  };
}

function withFile<Result>(path: string, f: (file: number) => Result): Result {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return f(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "INVALID_WEIGHTS") throw error;
    const finding = code === "ENOENT" ? "there is no such file" : `the file cannot be read: ${message}`;
    throw refuse(path, finding, { fix: "check the path and its permissions" });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function isSame(first: BigIntStats, now: BigIntStats): boolean {
  return first.ino === now.ino && first.size === now.size && first.mtimeNs === now.mtimeNs;
}

function requireInside(name: string, offset: number, length: number, size: number): void {
  if (offset + length <= size) return;
  throw refuse(
    name,
    `bytes ${offset} to ${offset + length} are asked for, but the file ends at ${size}: it is cut off`,
    {
      expected: offset + length,
      actual: size,
    },
  );
}
