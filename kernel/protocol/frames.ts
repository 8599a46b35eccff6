import * as z from "zod";
import { FlamingoError } from "../../src/core/errors.ts";
import { headerSchema, type JsonObject, jsonObject, type Message } from "./message.ts";
import type { Signer } from "./signature.ts";

/** Between the routing identities, or the topic, and the message. */
export const delimiter = "<IDS|MSG>";

type Frame = string | Uint8Array;

/** A message's four JSON parts, in the order in which they are signed and sent. */
export type Parts = readonly [header: string, parentHeader: string, metadata: string, content: string];

export function toParts(message: Omit<Message<unknown>, "buffers">): Parts {
  return [toJson(message.header), toJson(message.parent_header), toJson(message.metadata), toJson(message.content)];
}

/**
 * JSON that every client can read. Half of a surrogate pair, which a string of JavaScript may hold, is no character: where one
 * is written into a file, a client fails. It becomes the replacement character.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  // `JSON.stringify` escapes halves, and nothing else in this way but what has a backslash before.
  return /\\ud[89a-f]/.test(json) ? json.replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][\da-f]{2}/g, "$1\ufffd") : json;
}

/** The frames of a ZeroMQ message: identities, delimiter, signature, the four parts, buffers. */
export function encodeParts(
  parts: Parts,
  buffers: readonly Uint8Array[],
  signer: Signer,
  identities: readonly Frame[] = [],
): Frame[] {
  return [...identities, delimiter, signer.sign(parts), ...parts, ...buffers];
}

export function encode(message: Message<unknown>, signer: Signer, identities: readonly Frame[] = []): Frame[] {
  return encodeParts(toParts(message), message.buffers, signer, identities);
}

/** A message, and whom it came from: where an answer must be sent to. */
export interface Received {
  identities: Uint8Array[];
  message: Message;
}

const parentSchema = z.union([headerSchema, z.strictObject({})]);

/**
 * Reads the frames of a ZeroMQ message.
 * @throws FlamingoError KERNEL_MESSAGE where frames are missing, the signature is wrong or came before, or a part is no
 * JSON object
 */
export function decode(frames: readonly Uint8Array[], signer: Signer): Received {
  const at = frames.findIndex((frame) => frame.length === delimiter.length && bytes(frame).toString() === delimiter);
  if (at < 0) throw broken(`a message of ${frames.length} frames has no ${delimiter} frame`);
  const [signature, header, parent, metadata, content, ...buffers] = frames.slice(at + 1);
  if (!signature || !header || !parent || !metadata || !content)
    throw broken(`a message has ${frames.length - at - 1} frames after its delimiter, not 5 or more`);
  signer.verify(bytes(signature).toString(), [header, parent, metadata, content]);
  return {
    identities: frames.slice(0, at),
    message: {
      header: part("header", header, headerSchema),
      parent_header: part("parent_header", parent, parentSchema) as Message["parent_header"],
      metadata: part("metadata", metadata, jsonObject),
      content: part<JsonObject>("content", content, jsonObject),
      buffers,
    },
  };
}

function part<Value>(name: string, frame: Uint8Array, schema: z.ZodType<Value>): Value {
  let json: unknown;
  try {
    json = JSON.parse(bytes(frame).toString());
  } catch {
    throw broken(`a message's ${name} is not JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw broken(`a message's ${name} does not fit: ${z.prettifyError(parsed.error)}`);
}

function broken(message: string): FlamingoError {
  return new FlamingoError("KERNEL_MESSAGE", message, { fix: "send messages as Jupyter's messaging protocol says" });
}

/** The same memory, as a Buffer. */
function bytes(frame: Uint8Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
}
