import type { MessagePort } from "node:worker_threads";
import type { Parts } from "../protocol/frames.ts";
import type { Channel, Message } from "../protocol/message.ts";

/** Channels on which a client asks. */
export type AskingChannel = Exclude<Channel, "iopub">;

/** What the thread of the sockets is told at its start. */
export interface WorkerOptions {
  connectionFile: string;
  /** Of the headers of all that this kernel sends. */
  session: string;
  /** Memory that both threads see (shared.ts). */
  shared: SharedArrayBuffer;
  /** Takes `Outgoing`, gives `Incoming`. */
  port: MessagePort;
}

/** The first that is heard from the thread of the sockets: they are open, or why they are not, in a line for a person. */
export type Opening = { hearsSigint: boolean } | { failure: string };

/** From the thread that runs cells to the thread of the sockets. */
export type Outgoing =
  | { kind: "message"; channel: Channel; identities: Uint8Array[]; parts: Parts; buffers: Uint8Array[] }
  /** Printed text: gathered there into fewer messages. `parent` is the request's header as JSON. */
  | { kind: "print"; parent: string; stream: "stdout" | "stderr"; text: string }
  /** Cells run from now on, so that they may be terminated. */
  | { kind: "ready" }
  /** The header, as JSON, of the request whose cell runs; undefined when none does. */
  | { kind: "running"; parent: string | undefined }
  /** The main thread waits for a process that it starts, beside those that run already; undefined when it goes on. */
  | { kind: "waiting"; others: number[] | undefined }
  /** Answers of persons go to this port until a cell begins or ends, for the main thread waits for one; undefined when it goes on. */
  | { kind: "asking"; answers: MessagePort | undefined }
  /** Asks for an echo after all that clients sent until now. */
  | { kind: "echo"; id: number }
  /** The main thread heard SIGINT. */
  | { kind: "interrupt" }
  | { kind: "close" };

/** What a client asked, on which channel, and where its answer must be sent to. */
export interface Request {
  channel: AskingChannel;
  identities: Uint8Array[];
  message: Message;
}

/** From the thread of the sockets to the thread that runs cells. */
export type Incoming =
  | ({ kind: "request" } & Request)
  /** Unless it is taken up soon, what runs is terminated. */
  | { kind: "interrupt" }
  /** The same, of an interrupt that was taken up and has not ended what runs. */
  | { kind: "reminder" }
  /** What ran was terminated, for it answered no interrupt. */
  | { kind: "terminated" }
  /** The process is to end with this code. */
  | { kind: "shutdown"; code: 0 | 1 }
  | { kind: "echo"; id: number };
