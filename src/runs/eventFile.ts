import { countOf, type Histogram } from "../channels/histogram.ts";

/** What TensorBoard's event files hold of one step. */
export interface EventValue {
  /** Its name: `loss/loss`. */
  tag: string;
  /** A number; how numbers are spread; an image as PNG; a text in Markdown. */
  of: { scalar: number } | { histogram: Histogram } | { png: PngImage } | { text: string };
}

export interface PngImage {
  width: number;
  height: number;
  bytes: Uint8Array;
}

/** The first record of an event file. @param seconds since 1970 */
export function versionRecord(seconds: number): Uint8Array {
  return record(message([field(1, double(seconds)), field(3, text("brain.Event:2"))]));
}

/** A record with the values of a step. @param seconds since 1970 */
export function eventRecord(seconds: number, step: number, values: readonly EventValue[]): Uint8Array {
  const summary = message(values.map((value) => field(1, bytes(encoded(value)))));
  return record(message([field(1, double(seconds)), field(2, varint(step)), field(5, bytes(summary))]));
}

function encoded({ tag, of }: EventValue): Uint8Array {
  const name = field(1, text(tag));
  if ("scalar" in of) return message([name, field(2, float(of.scalar))]);
  if ("png" in of) {
    const { width, height, bytes: png } = of.png;
    const image = message([
      field(1, varint(height)),
      field(2, varint(width)),
      field(3, varint(3)),
      field(4, bytes(png)),
    ]);
    return message([name, field(4, bytes(image))]);
  }
  if ("histogram" in of) {
    const { low, high, min, max, sum, squaredSum, counts } = of.histogram;
    // Each bin has its upper limit; the last one holds the largest number as well.
    const limits = counts.map((_, at) =>
      at === counts.length - 1 ? max : low + ((at + 1) * (high - low)) / counts.length,
    );
    const numbers = [min, max, countOf(of.histogram), sum, squaredSum].map((value, at) => field(at + 1, double(value)));
    const lists = [field(6, doubles(limits)), field(7, doubles(counts))];
    return message([name, field(5, bytes(message([...numbers, ...lists])))]);
  }
  const string = 7; // DT_STRING; a tensor without a shape has one element
  const tensor = message([field(1, varint(string)), field(2, bytes(new Uint8Array(0))), field(8, text(of.text))]);
  const plugin = message([field(1, bytes(message([field(1, text("text"))])))]);
  return message([name, field(8, bytes(tensor)), field(9, bytes(plugin))]);
}

/** A record of a TFRecord file: length and content, each followed by its masked CRC-32C. */
function record(content: Uint8Array): Uint8Array {
  const all = new Uint8Array(8 + 4 + content.length + 4);
  const view = new DataView(all.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, maskedCrc(all.subarray(0, 8)), true);
  all.set(content, 12);
  view.setUint32(12 + content.length, maskedCrc(content), true);
  return all;
}

/** A CRC of data that holds CRCs itself is rotated and shifted, as TensorFlow has it. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** For each byte what it does to the CRC: the polynomial 0x1EDC6F41, bits reversed. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C (Castagnoli) of bytes. @see RFC 3720, appendix B.4 */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** A value as protocol buffers write it: how it is laid out, and its bytes. */
interface Encoded {
  wire: 0 | 1 | 2 | 5;
  data: Uint8Array;
}

function field(number: number, { wire, data }: Encoded): Uint8Array {
  const key = varint((number << 3) | wire).data;
  return wire === 2 ? join([key, varint(data.length).data, data]) : join([key, data]);
}

function message(fields: readonly Uint8Array[]): Uint8Array {
  return join(fields);
}

/** Seven bits a byte, the low ones first; the highest bit says that more follow. */
function varint(value: number): Encoded {
  const data: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    data.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return { wire: 0, data: Uint8Array.from(data) };
}

function double(value: number): Encoded {
  return { wire: 1, data: new Uint8Array(Float64Array.of(value).buffer) };
}

function doubles(values: readonly number[]): Encoded {
  return { wire: 2, data: new Uint8Array(Float64Array.from(values).buffer) };
}

function float(value: number): Encoded {
  return { wire: 5, data: new Uint8Array(Float32Array.of(value).buffer) };
}

function text(value: string): Encoded {
  return bytes(new TextEncoder().encode(value));
}

function bytes(data: Uint8Array): Encoded {
  return { wire: 2, data };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
