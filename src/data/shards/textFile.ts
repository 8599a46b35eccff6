import { FlamingoError } from "../../core/errors.ts";
import { ShardFile } from "./shardFile.ts";

/** Bytes of lines that are read at once. */
const chunk = 1 << 22;
/** Bytes that a line may have. */
const longest = 1 << 28;

/** A line of a text file, without its end. */
export interface TextLine {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** From 1 on. */
  number: number;
}

/**
 * The lines of a text file, read part by part; empty ones are passed over.
 * @throws FlamingoError INVALID_DATA for a line that is longer than any should be
 */
export function* linesOf(file: ShardFile): Generator<TextLine> {
  let rest: Uint8Array = new Uint8Array(0);
  let start = 0;
  let number = 1;
  for (let at = 0; at < file.size; ) {
    const more = file.read(at, at + chunk);
    at += more.length;
    rest = rest.length === 0 ? more : Buffer.concat([rest, more]);
    let from = 0;
    for (;;) {
      const end = rest.indexOf(10, from);
      if (end < 0 && (at < file.size || from === rest.length)) break;
      const bytes = rest.subarray(from, end < 0 ? rest.length : end);
      if (!bytes.every(isBlank)) yield { bytes, start: start + from, end: start + from + bytes.length, number };
      number++;
      from = end < 0 ? rest.length : end + 1;
    }
    start += from;
    rest = rest.subarray(from);
    if (rest.length > longest || more.length === 0) throw tooLong(file.path, number);
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 13 || byte === 9;
}

/** Text of UTF-8 without its byte order mark. @throws FlamingoError INVALID_DATA */
export function readTextFile(path: string): string {
  const bytes = ShardFile.use(path, (file) => file.read(0, file.size));
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FlamingoError("INVALID_DATA", `${path} is not UTF-8 text`, { source: path, fix: "save it as UTF-8" });
  }
}

/** Reads a file of one JSON value. @throws FlamingoError NOT_FOUND or INVALID_DATA */
export function readJsonFile(path: string): unknown {
  const text = readTextFile(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FlamingoError("INVALID_DATA", `${path} is no JSON: ${(error as Error).message}`, {
      source: path,
      fix: "fetch or write the file again: it may be cut off",
    });
  }
}

function tooLong(path: string, number: number): FlamingoError {
  return new FlamingoError("INVALID_DATA", `line ${number} of ${path} has more than ${longest} bytes`, {
    source: path,
    fix: "name a text file with one document a line; a .zip has to be unpacked first",
  });
}
