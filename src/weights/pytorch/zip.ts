import type { ByteSource, ReadBytes } from "../byteSource.ts";
import { refuse } from "../refuse.ts";

/** A file in a zip: where its bytes are, which are stored as they are. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  readonly read: ReadBytes;
}

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
const endSize = 22;
const locatorSize = 20;
const end64Size = 56;
const centralSize = 46;
const localSize = 30;
const longestComment = 0xffff;
/** Checkpoints have a file for each tensor, and some ten thousand tensors at most. */
const longestDirectory = 100_000_000;
/** What a 16-bit or 32-bit field holds where the number itself is in the zip64 fields. */
const escaped = { count: 0xffff, size: 0xffffffff };

/** Whether bytes begin as a zip does. */
export function isZip(bytes: ByteSource): boolean {
  return bytes.size >= endSize && view(bytes.read(0, 4)).getUint32(0, true) === signatures.local;
}

/**
 * Lists the files of a zip, also of one with the zip64 fields of large files. Only the directory is read.
 *
 * @throws FlamingoError INVALID_WEIGHTS if the directory is cut off or contradicts itself, or a file is compressed, encrypted,
 *   there twice, or not inside
 * @see APPNOTE.TXT - .ZIP File Format Specification, 4.3 and 4.5.3
 */
export function readZip(bytes: ByteSource): Map<string, ZipEntry> {
  const { count, size, offset } = directoryOf(bytes);
  if (size > longestDirectory || offset + size > bytes.size)
    throw refuse(bytes.name, `the zip's directory of ${size} bytes at ${offset} is not inside its ${bytes.size} bytes`);
  const directory = bytes.read(offset, size);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + centralSize > size) throw refuse(bytes.name, `the zip's directory ends after ${index} of ${count} files`);
    const { entry, length } = readCentral(bytes, directory.subarray(at), offset);
    if (entries.has(entry.name)) throw refuse(bytes.name, `the zip has the file "${entry.name}" twice`);
    entries.set(entry.name, entry);
    at += length;
  }
  return entries;
}

function directoryOf(bytes: ByteSource): { count: number; size: number; offset: number } {
  const tailSize = Math.min(bytes.size, endSize + longestComment);
  const tail = bytes.read(bytes.size - tailSize, tailSize);
  const numbers = view(tail);
  for (let at = tailSize - endSize; at >= 0; at--) {
    if (numbers.getUint32(at, true) !== signatures.end) continue;
    if (at + endSize + numbers.getUint16(at + 20, true) !== tailSize) continue; // those four bytes in a comment or in a file
    const [count, size, offset] = [
      numbers.getUint16(at + 10, true),
      numbers.getUint32(at + 12, true),
      numbers.getUint32(at + 16, true),
    ];
    const end = bytes.size - tailSize + at;
    const wide = readEnd64(bytes, end);
    if (wide) return wide;
    if (count === escaped.count || size === escaped.size || offset === escaped.size)
      throw refuse(bytes.name, "the zip lacks the zip64 fields that it refers to");
    return { count, size, offset };
  }
  throw refuse(bytes.name, "the zip has no directory at its end: it is cut off");
}

/** The end of the directory in 64 bits, where there is one. */
function readEnd64(bytes: ByteSource, end: number): { count: number; size: number; offset: number } | undefined {
  if (end < locatorSize) return undefined;
  const locator = view(bytes.read(end - locatorSize, locatorSize));
  if (locator.getUint32(0, true) !== signatures.locator) return undefined;
  const at = whole(locator, 8, bytes.name);
  if (at + end64Size > end) throw refuse(bytes.name, "the zip64 directory's end is not inside the file");
  const numbers = view(bytes.read(at, end64Size));
  if (numbers.getUint32(0, true) !== signatures.end64)
    throw refuse(bytes.name, "the zip64 directory's end is not where the zip says");
  return {
    count: whole(numbers, 32, bytes.name),
    size: whole(numbers, 40, bytes.name),
    offset: whole(numbers, 48, bytes.name),
  };
}

function readCentral(source: ByteSource, central: Uint8Array, dataEnd: number): { entry: ZipEntry; length: number } {
  const numbers = view(central);
  if (numbers.getUint32(0, true) !== signatures.central) throw refuse(source.name, "the zip's directory is damaged");
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => numbers.getUint16(at, true)) as [
    number,
    number,
    number,
  ];
  const length = centralSize + nameLength + extraLength + commentLength;
  if (length > central.length) throw refuse(source.name, "the zip's directory is cut off");
  const name = new TextDecoder().decode(central.subarray(centralSize, centralSize + nameLength));
  if (numbers.getUint16(8, true) & 1) throw refuse(source.name, `the file "${name}" of the zip is encrypted`);
  if (numbers.getUint16(10, true) !== 0)
    throw refuse(source.name, `the file "${name}" of the zip is compressed, which PyTorch's are not`, {
      fix: "save it with torch.save",
    });
  const extra = central.subarray(centralSize + nameLength, centralSize + nameLength + extraLength);
  const [compressed, size, header] = wideFields(
    [numbers.getUint32(20, true), numbers.getUint32(24, true), numbers.getUint32(42, true)],
    extra,
    source.name,
  );
  if (compressed !== size || header + localSize + nameLength + size > dataEnd)
    throw refuse(
      source.name,
      `the file "${name}" of the zip with ${size} bytes at ${header} is not inside: it is cut off`,
    );
  let begin: number | undefined;
  const entry: ZipEntry = {
    name,
    size,
    read: (offset, count, into) => {
      begin ??= dataOf(source, header, name);
      if (offset + count > size || begin + size > dataEnd)
        throw refuse(source.name, `the file "${name}" of the zip ends before byte ${offset + count}`);
      return source.read(begin + offset, count, into);
    },
  };
  return { entry, length };
}

/** Sizes and offset as they are, or as the zip64 field has them, which lists only those that do not fit into 32 bits. */
function wideFields(narrow: [number, number, number], extra: Uint8Array, source: string): [number, number, number] {
  if (!narrow.includes(escaped.size)) return narrow;
  const numbers = view(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + numbers.getUint16(at + 2, true)) {
    if (numbers.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const end = Math.min(next + numbers.getUint16(at + 2, true), extra.length);
    // The file lists them as size, compressed size, offset.
    const [compressed, size, offset] = narrow;
    const wide = [size, compressed, offset].map((value) => {
      if (value !== escaped.size) return value;
      next += 8;
      if (next > end) throw refuse(source, "a zip64 field is cut off");
      return whole(numbers, next - 8, source);
    }) as [number, number, number];
    return [wide[1], wide[0], wide[2]];
  }
  throw refuse(source, "the zip lacks the zip64 fields that it refers to");
}

/** Where a file's bytes begin: after its own header, whose length the directory does not give. */
function dataOf(source: ByteSource, header: number, name: string): number {
  const local = view(source.read(header, localSize));
  const nameLength = local.getUint16(26, true);
  const text = new TextDecoder().decode(source.read(header + localSize, nameLength));
  if (local.getUint32(0, true) !== signatures.local || text !== name)
    throw refuse(source.name, `the file "${name}" of the zip is not where its directory says`);
  return header + localSize + nameLength + local.getUint16(28, true);
}

function whole(numbers: DataView, at: number, source: string): number {
  const value = Number(numbers.getBigUint64(at, true));
  if (Number.isSafeInteger(value)) return value;
  throw refuse(source, `the zip says ${value}, more than any file has`);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
