import { randomUUID } from "node:crypto";
import * as z from "zod";

/** Version of the Jupyter messaging protocol that is spoken here. */
export const protocolVersion = "5.4";

/** Who sent a message, when and of what type (Jupyter messaging, general message format). */
export const headerSchema = z.looseObject({
  msg_id: z.string().min(1),
  msg_type: z.string().min(1),
  /** Same for all messages of one client, or one life of a kernel. */
  session: z.string().default(""),
  username: z.string().default(""),
  /** ISO 8601. */
  date: z.string().default(""),
  version: z.string().default(""),
});
export type Header = z.infer<typeof headerSchema>;

export const jsonObject = z.record(z.string(), z.unknown());
export type JsonObject = Record<string, unknown>;

/** One message, whichever way it travels (multipart ZeroMQ, or a WebSocket). */
export interface Message<Content = JsonObject> {
  header: Header;
  /** Of the request that this answers or belongs to; empty where there is none. */
  parent_header: Header | Record<string, never>;
  metadata: JsonObject;
  content: Content;
  /** Binary data beside the content, for comms. */
  buffers: Uint8Array[];
}

/** The sockets between a client and a kernel, without the heartbeat. */
export const channels = ["shell", "control", "iopub", "stdin"] as const;
export type Channel = (typeof channels)[number];

export function newHeader(type: string, session: string, username = "flamingo"): Header {
  return {
    msg_id: randomUUID(),
    msg_type: type,
    session,
    username,
    date: new Date().toISOString(),
    version: protocolVersion,
  };
}
