/** A file in a tar archive. */
export interface TarEntry {
  /** Path inside the archive. */
  name: string;
  /** Where its first header begins: a long name has headers of its own. */
  start: number;
  /** Where its contents begin, and end. */
  from: number;
  to: number;
}

/** What is left of an archive that ends too early or goes on with no header. */
export interface TarDamage {
  /** The file in which it ends, where that is known. */
  name?: string;
  reason: string;
}

const block = 512;
/** Long names and their like; a header that says more is broken. */
const mostExtended = 1 << 20;

/**
 * The files of a tar archive in order, by their headers alone: POSIX ustar and pax, and GNU with long names and large sizes.
 *
 * @param read bytes from a place to before another, fewer at the end of the archive
 * @returns what is wrong with the archive behind the last file that was given, if anything is
 * @see POSIX.1-2017, pax, ustar Interchange Format; GNU tar manual, Basic Tar Format
 */
export function* tarEntries(
  read: (from: number, to: number) => Uint8Array,
  size: number,
): Generator<TarEntry, TarDamage | undefined> {
  let start = 0;
  let longName: string | undefined;
  let longSize: number | undefined;
  for (let at = 0; at < size; ) {
    const header = read(at, at + block);
    if (header.every((byte) => byte === 0)) return undefined; // the end, or padding behind a cut
    if (header.length < block) return { reason: `the archive ends inside a header, at byte ${size}` };
    if (!hasChecksum(header)) return { reason: `there is no tar header at byte ${at}` };
    const kind = String.fromCharCode(header[156]!);
    const length = (kind === "x" || kind === "L" ? undefined : longSize) ?? numberOf(header.subarray(124, 136));
    if (!Number.isSafeInteger(length) || length < 0) return { reason: `the header at byte ${at} has no size` };
    const from = at + block;
    const to = from + length;
    if (kind === "x" || kind === "L" || kind === "g" || kind === "K") {
      if (length > mostExtended || to > size) return { reason: `the header at byte ${at} is longer than it may be` };
      if (kind === "L") longName = textOf(read(from, to));
      if (kind === "x") {
        const { path, size: paxSize } = paxFields(read(from, to));
        longName = path ?? longName;
        longSize = paxSize === undefined ? longSize : Number(paxSize);
      }
    } else {
      const name = longName ?? nameOf(header);
      if (to > size) return { name, reason: `the archive ends inside ${name}` };
      if (kind === "0" || kind === "\0" || kind === "7") yield { name, start, from, to };
      [longName, longSize] = [undefined, undefined];
      start = from + padded(length);
    }
    at = from + padded(length);
  }
  return undefined;
}

function padded(length: number): number {
  return Math.ceil(length / block) * block;
}

/** The sum of the header's bytes, with its own field as spaces. */
function hasChecksum(header: Uint8Array): boolean {
  let sum = 0;
  for (let at = 0; at < block; at++) sum += at >= 148 && at < 156 ? 32 : header[at]!;
  return sum === numberOf(header.subarray(148, 156));
}

/** A number in octal digits, or in GNU's base 256. */
function numberOf(field: Uint8Array): number {
  if ((field[0]! & 0x80) !== 0) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, field[0]! & 0x7f);
  const digits = textOf(field).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : digits === "" ? 0 : Number.NaN;
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = textOf(header.subarray(257, 263)) === "ustar"; // GNU's own has other fields there
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Text up to the first zero. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("utf8");
}

/** The fields of a pax header: `LENGTH KEY=VALUE\n`, the length in bytes and with itself. */
function paxFields(bytes: Uint8Array): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const length = Number.parseInt(textOf(bytes.subarray(at, at + 20)), 10);
    if (!(length > 0)) break;
    const field = Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
    const [, key, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(field) ?? [];
    if (key === "path" || key === "size") fields[key] = value!;
    at += length;
  }
  return fields;
}
