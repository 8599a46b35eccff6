import { isObject, shortJson } from "../core/json.ts";
import { parseOutsideJson } from "../core/jsonText.ts";
import { isSizes, sizeOf } from "../core/shape.ts";
import type { ByteSource } from "./byteSource.ts";
import { type Dtype, dtypes } from "./dtypes.ts";
import { refuse } from "./refuse.ts";

/** What the header says of one tensor; the range counts bytes from the first number in the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their numbers in the file. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Position in the file of the first number. */
  readonly dataStart: number;
}

/** The format's own limit, against files that would fill the memory. */
const longestHeader = 100_000_000;
const lengthBytes = 8;
const metadataKey = "__metadata__";
/** Names that would reach into an object's prototype, should somebody build objects from them. */
const reservedNames = new Set(["__proto__", "prototype", "constructor"]);

/**
 * Reads and checks the header, and nothing else of the file.
 * @throws FlamingoError INVALID_WEIGHTS for each thing that the format forbids
 */
export function parseHeader(bytes: ByteSource): Header {
  const source = bytes.name;
  const { text, dataStart } = headerText(bytes);
  const header = parseJson(text, source);
  const { [metadataKey]: metadata, ...rest } = header;
  const entries = Object.entries(rest).map(([name, entry]) => parseEntry(name, entry, source));
  entries.sort((left, right) => left.begin - right.begin || left.end - right.end);
  checkCover(entries, bytes.size - dataStart, source);
  return { entries, metadata: parseMetadata(metadata, source), dataStart };
}

function headerText(bytes: ByteSource): { text: string; dataStart: number } {
  const { name: source, size: present } = bytes;
  if (present < lengthBytes)
    throw refuse(source, `${present} bytes are too few for a safetensors file`, {
      expected: lengthBytes,
      actual: present,
    });
  const first = bytes.read(0, lengthBytes);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > longestHeader)
    throw refuse(
      source,
      `the header claims ${length} bytes, more than the ${longestHeader} that the format allows; this is no safetensors file`,
    );
  const dataStart = lengthBytes + Number(length);
  if (dataStart > present)
    throw refuse(
      source,
      `the header claims ${length} bytes, but the file ends ${present - lengthBytes} bytes after its start`,
      {
        expected: dataStart,
        actual: present,
      },
    );
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(bytes.read(lengthBytes, Number(length))), dataStart };
  } catch {
    throw refuse(source, "the header is no UTF-8 text");
  }
}

function parseJson(text: string, source: string): Record<string, unknown> {
  const header = parseOutsideJson(text, (finding) => refuse(source, `the header ${finding}`));
  if (!isObject(header) || !text.startsWith("{")) throw refuse(source, "the header is no JSON object");
  const twice = repeatedKey(text);
  if (twice !== undefined) throw refuse(source, `the header has the name "${twice}" twice`);
  return header;
}

/** The first key that one object of this valid JSON text has twice; JSON.parse would keep the last in silence. */
function repeatedKey(json: string): string | undefined {
  const objects: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    if (json[at] === "{") objects.push(new Set());
    else if (json[at] === "}") objects.pop();
    if (json[at] !== '"') continue;
    const begin = at++;
    while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
    let next = at + 1;
    while (/\s/.test(json[next] ?? "")) next++;
    if (json[next] !== ":") continue;
    const name = JSON.parse(json.slice(begin, at + 1)) as string;
    if (objects.at(-1)!.has(name)) return name;
    objects.at(-1)!.add(name);
  }
  return undefined;
}

function parseEntry(name: string, entry: unknown, source: string): TensorEntry {
  const about = `tensor "${name}"`;
  checkName(name, source);
  if (!isObject(entry)) throw refuse(source, `${about} has no description`);
  const { dtype, shape, data_offsets: offsets, ...unknown } = entry;
  const [extra] = Object.keys(unknown);
  if (extra !== undefined) throw refuse(source, `${about} has an unknown field "${extra}"`);
  if (typeof dtype !== "string" || !Object.hasOwn(dtypes, dtype)) {
    const expected = Object.keys(dtypes);
    throw refuse(source, `${about} has the number type ${shortJson(dtype)}, expected one of ${expected.join(", ")}`, {
      expected,
      actual: dtype,
      fix: "convert the tensor to one of these types",
    });
  }
  if (!isSizes(shape)) throw refuse(source, `${about} has the shape ${shortJson(shape)}, expected a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    throw refuse(source, `${about} has data_offsets ${shortJson(offsets)}, expected [begin, end]`);
  const [begin, end] = offsets as [number, number];
  const expected = byteCount(dtype as Dtype, shape);
  if (end - begin !== expected)
    throw refuse(source, `${about} has ${end - begin} bytes, but ${dtype} [${shape}] takes ${expected}`, {
      expected,
      actual: end - begin,
    });
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

/** Bytes of a tensor; NaN-free even for absurd shapes, which then disagree with any file. */
function byteCount(dtype: Dtype, shape: readonly number[]): number {
  return sizeOf({ shape }) * dtypes[dtype].size;
}

/** @throws FlamingoError INVALID_WEIGHTS for a name, or a dotted part of one, that JavaScript objects reserve */
export function checkName(name: string, source: string): void {
  const reserved = [name, ...name.split(".")].find((part) => reservedNames.has(part));
  if (reserved !== undefined || name === metadataKey)
    throw refuse(source, `the name "${name}" is reserved`, { actual: name, fix: "rename the tensor" });
}

function parseMetadata(metadata: unknown, source: string): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isObject(metadata)) throw refuse(source, `${metadataKey} is no JSON object`);
  for (const [key, value] of Object.entries(metadata)) {
    checkName(key, source);
    if (typeof value !== "string") throw refuse(source, `${metadataKey} "${key}" is no text`);
  }
  return metadata as Record<string, string>;
}

/** The numbers must cover the file once: no overlap, no gap, nothing outside. */
function checkCover(sorted: readonly TensorEntry[], available: number, source: string): void {
  let covered = 0;
  let before = "the start";
  for (const { name, begin, end } of sorted) {
    if (end > available)
      throw refuse(
        source,
        `tensor "${name}" ends at byte ${end} of the numbers, but the file has ${available}: it is cut off`,
        {
          expected: end,
          actual: available,
        },
      );
    if (begin < covered) throw refuse(source, `tensor "${name}" overlaps with ${before}`);
    if (begin > covered)
      throw refuse(source, `${begin - covered} bytes between ${before} and tensor "${name}" belong to none`);
    covered = end;
    before = `tensor "${name}"`;
  }
  if (covered < available) throw refuse(source, `the last ${available - covered} bytes belong to no tensor`);
}

/** The header's bytes with its length before it, padded so that the numbers begin at a multiple of 8. */
export function formatHeader(entries: readonly TensorEntry[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const fields = entries.map(({ name, dtype, shape, begin, end }): [string, unknown] => [
    name,
    { dtype, shape, data_offsets: [begin, end] },
  ]);
  const notes = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (notes.length > 0) fields.unshift([metadataKey, Object.fromEntries(notes)]);
  // Objects would put names such as "10" first, so the text is joined by hand.
  const json = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(lengthBytes + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, lengthBytes);
  return bytes;
}
