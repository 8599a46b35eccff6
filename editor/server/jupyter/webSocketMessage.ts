import { z } from "zod";
import { notebookLimits } from "../../../kernel/nbformat/notebook.ts";
import { type Channel, channels, headerSchema, jsonObject, type Message } from "../../../kernel/protocol/message.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { parseLimitedJson } from "../../../src/core/jsonText.ts";

/** The subprotocol whose messages are binary: Jupyter's own, version 1. */
export const binaryProtocol = "v1.kernel.websocket.jupyter.org";

/** A message on one of a kernel's channels: a websocket carries them all. */
export interface ChannelMessage {
  channel: Channel;
  message: Message;
}

const schema = z.object({
  channel: z.enum(channels),
  header: headerSchema,
  parent_header: z.union([headerSchema, z.object({})]).nullish(),
  metadata: jsonObject.nullish(),
  content: jsonObject,
});

/**
 * A message as a websocket carries it.
 * @param protocol the subprotocol that both sides agreed upon; "" is the older one: JSON text, or binary where there are
 * buffers
 */
export function toWebSocket({ channel, message }: ChannelMessage, protocol: string): string | Uint8Array {
  const { header, parent_header, metadata, content, buffers } = message;
  if (protocol === binaryProtocol) {
    const parts = [channel, ...[header, parent_header, metadata, content].map((part) => JSON.stringify(part))];
    return packLong([...parts.map((part) => Buffer.from(part)), ...buffers]);
  }
  const json = JSON.stringify({ channel, header, parent_header, metadata, content, buffers: [] });
  return buffers.length === 0 ? json : packShort([Buffer.from(json), ...buffers]);
}

/**
 * Reads what a websocket brought.
 * @throws FlamingoError KERNEL_MESSAGE
 */
export function fromWebSocket(data: string | Uint8Array, protocol: string): ChannelMessage {
  try {
    const { json, buffers } =
      typeof data === "string"
        ? { json: parseLimitedJson(data, notebookLimits), buffers: [] }
        : protocol === binaryProtocol
          ? readLong(data)
          : readShort(data);
    const { channel, header, parent_header, metadata, content } = schema.parse(json);
    return {
      channel,
      message: {
        header,
        parent_header: (parent_header ?? {}) as Message["parent_header"],
        metadata: metadata ?? {},
        content,
        buffers,
      },
    };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new FlamingoError("KERNEL_MESSAGE", `a message on the websocket cannot be read: ${reason}`, {
      fix: "send messages as Jupyter's websocket protocol says",
    });
  }
}

/** 64-bit little-endian: how many offsets, and each part's, with the end's; then the parts. */
function packLong(parts: readonly Uint8Array[]): Uint8Array {
  const start = 8 * (parts.length + 2);
  const table = Buffer.alloc(start);
  table.writeBigUInt64LE(BigInt(parts.length + 1));
  let end = start;
  for (const [index, part] of [...parts, Buffer.alloc(0)].entries()) {
    table.writeBigUInt64LE(BigInt(end), 8 * (index + 1));
    end += part.length;
  }
  return Buffer.concat([table, ...parts]);
}

function readLong(data: Uint8Array): { json: unknown; buffers: Uint8Array[] } {
  const bytes = asBuffer(data);
  const offsets = readOffsets(Number(bytes.readBigUInt64LE(0)), 6, bytes, (index) =>
    Number(bytes.readBigUInt64LE(8 * (index + 1))),
  );
  const parts = offsets.slice(0, -1).map((start, index) => bytes.subarray(start, offsets[index + 1]));
  const [channel, ...rest] = parts.slice(0, 5).map((part) => part.toString());
  const [header, parent_header, metadata, content] = rest.map((part) => parseLimitedJson(part, notebookLimits));
  return { json: { channel, header, parent_header, metadata, content }, buffers: parts.slice(5) };
}

/** 32-bit big-endian: how many parts, and each one's offset; then the parts, of which the first is JSON. */
function packShort(parts: readonly Uint8Array[]): Uint8Array {
  const table = Buffer.alloc(4 * (parts.length + 1));
  table.writeUInt32BE(parts.length);
  let start = table.length;
  for (const [index, part] of parts.entries()) {
    table.writeUInt32BE(start, 4 * (index + 1));
    start += part.length;
  }
  return Buffer.concat([table, ...parts]);
}

function readShort(data: Uint8Array): { json: unknown; buffers: Uint8Array[] } {
  const bytes = asBuffer(data);
  const starts = readOffsets(bytes.readUInt32BE(0), 1, bytes, (index) => bytes.readUInt32BE(4 * (index + 1)));
  const parts = starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length));
  return { json: parseLimitedJson(parts[0]!.toString(), notebookLimits), buffers: parts.slice(1) };
}

/** Offsets must rise and lie within the message. */
function readOffsets(count: number, least: number, bytes: Buffer, read: (index: number) => number): number[] {
  if (!(count >= least && count <= bytes.length / 4)) throw new Error(`it says that it has ${count} parts`);
  const offsets = Array.from({ length: count }, (_, index) => read(index));
  const fits = offsets.every((offset, index) => offset >= (offsets[index - 1] ?? 0) && offset <= bytes.length);
  if (!fits) throw new Error("its parts lie outside of it");
  return offsets;
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
