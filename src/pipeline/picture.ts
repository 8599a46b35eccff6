import { FlamingoError } from "../core/errors.ts";
import { type Pipeline, readPipeline, writePipeline } from "./schema.ts";

/** What the pipeline is filed under in a picture: keyword of a text chunk in PNG, name of an element in SVG. */
const keyword = "flamingo-pipeline";
const element = "flamingo:pipeline";
const namespace = "urn:flamingo-studio:pipeline";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];
/** Of a chunk, beside its data: length, type and checksum, 4 bytes each. */
const frame = 12;

/** A PNG picture with a pipeline in it: as an iTXt chunk after the header. Source: PNG specification, third edition, 11.3.3.4. */
export function pngWithPipeline(png: Uint8Array, pipeline: Pipeline): Uint8Array<ArrayBuffer> {
  // Keyword; not compressed; no language and no translated keyword; the text.
  const data = new TextEncoder().encode(`${keyword}\0\0\0\0\0${writePipeline(pipeline)}`);
  const chunk = new Uint8Array(data.length + frame);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  chunk.set(new TextEncoder().encode("iTXt"), 4);
  chunk.set(data, 8);
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)));
  const header = signature.length + frame + 13;
  const whole = new Uint8Array(png.length + chunk.length);
  whole.set(png.subarray(0, header));
  whole.set(chunk, header);
  whole.set(png.subarray(header), header + chunk.length);
  return whole;
}

/** The element that carries a pipeline in an SVG picture. */
export function pipelineElement(pipeline: Pipeline): string {
  // Signs that XML takes for its own, or refuses, are in a pipeline's strings only, where JSON has another spelling for them.
  const json = writePipeline(pipeline).replace(
    /[<>&\x7f-\x9f\ufffe\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `<metadata><${element} xmlns:flamingo="${namespace}">${json}</${element}></metadata>`;
}

/**
 * The pipeline that a PNG or SVG picture carries.
 * @param source the file's name, for messages
 * @throws FlamingoError INVALID_PIPELINE for a picture without one, for a damaged one, and for what is no picture; and as `readPipeline` does
 */
export function pipelineOfPicture(bytes: Uint8Array, source: string): Pipeline {
  const isPng = signature.every((byte, index) => bytes[index] === byte);
  const text = isPng ? textOfPng(bytes, source) : textOfSvg(decode(bytes, source), source);
  if (text === undefined) {
    const fix = "open a picture that the studio exported: other programs may leave out what it carries";
    throw refusal(source, "is a picture without a pipeline in it", fix);
  }
  return readPipeline(text, source);
}

function textOfPng(bytes: Uint8Array, source: string): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = signature.length; start + frame <= bytes.length; ) {
    const length = view.getUint32(start);
    const end = start + 8 + length;
    if (end + 4 > bytes.length) throw refusal(source, "is a picture that ends in the middle", "copy the file again");
    const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
    const data = bytes.subarray(start + 8, end);
    if (type === "iTXt" && isOurs(data)) {
      if (crc32(bytes.subarray(start + 4, end)) !== view.getUint32(end))
        throw refusal(source, "carries a pipeline that was damaged on its way", "copy the file again");
      return textOfChunk(data, source);
    }
    start = end + 4;
  }
  return undefined;
}

function isOurs(data: Uint8Array): boolean {
  return data[keyword.length] === 0 && [...keyword].every((letter, index) => data[index] === letter.charCodeAt(0));
}

/** The text of an iTXt chunk: after keyword, compression, language and translated keyword. */
function textOfChunk(data: Uint8Array, source: string): string {
  const compressed = data[keyword.length + 1];
  if (compressed !== 0) {
    const fix = "open the picture as the studio exported it";
    throw refusal(source, "carries its pipeline compressed, as another program wrote it", fix);
  }
  let start = keyword.length + 3;
  for (let ends = 0; ends < 2; start++) {
    if (start >= data.length) throw refusal(source, "carries a pipeline that was damaged on its way", "copy it again");
    if (data[start] === 0) ends++;
  }
  return decode(data.subarray(start), source);
}

function textOfSvg(text: string, source: string): string | undefined {
  if (!text.includes("<svg")) throw refusal(source, "is neither a PNG nor an SVG picture", "open one of these");
  const tag = text.indexOf(`<${element}`);
  const start = tag < 0 ? -1 : text.indexOf(">", tag) + 1;
  if (start <= 0) return undefined;
  const end = text.indexOf(`</${element}>`, start);
  if (end < 0) throw refusal(source, "is a picture that ends in the middle", "copy the file again");
  return text.slice(start, end);
}

function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refusal(source, "has text that is not UTF-8", "open a picture that the studio exported");
  }
}

function refusal(source: string, finding: string, fix: string): FlamingoError {
  return new FlamingoError("INVALID_PIPELINE", `${source} ${finding}`, { source, fix });
}

const table = Uint32Array.from({ length: 256 }, (_value, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

/** The checksum of a PNG chunk; the browser has no function for it. */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
