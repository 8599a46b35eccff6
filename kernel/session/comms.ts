import { randomUUID } from "node:crypto";
import { inspect, types } from "node:util";
import { FlamingoError } from "../../src/core/errors.ts";
import { currentCell, runInCell } from "../cell/cell.ts";
import type { Comm, CommMessage, CommOpening } from "../cell/comm.ts";
import { findCommTarget } from "../cell/commTargets.ts";
import { noteCommTarget } from "../cell/widgets.ts";
import type { Header, JsonObject, Message } from "../protocol/message.ts";
import { readContent } from "../protocol/requests.ts";
import type { Publisher } from "./publisher.ts";

type Listener = (message: CommMessage) => void;
type Send = (type: "comm_msg" | "comm_close", message: CommMessage) => void;

/** Calls a listener as part of the cell that gave it: what it prints, and what it throws, shows there. */
function inItsCell(listener: Listener): Listener {
  const cell = currentCell();
  return (message) => {
    const listen = async () => listener(message);
    if (cell) runInCell(cell, listen);
    else listen();
  };
}

class OpenComm implements Comm {
  readonly id: string;
  readonly target: string;
  readonly heard: Record<"message" | "close", Listener[]> = { message: [], close: [] };
  readonly #send: Send;

  constructor(id: string, target: string, send: Send) {
    this.id = id;
    this.target = target;
    this.#send = send;
  }

  send(message: CommMessage): void {
    this.#send("comm_msg", message);
  }

  close(message: CommMessage = { data: {} }): void {
    this.#send("comm_close", message);
  }

  onMessage(listener: Listener): void {
    this.heard.message.push(inItsCell(listener));
  }

  onClose(listener: Listener): void {
    this.heard.close.push(inItsCell(listener));
  }
}

function extras({ metadata, buffers }: Message): Pick<CommMessage, "metadata" | "buffers"> {
  return { metadata, buffers };
}

/** The comms that are open between this kernel and its front ends. */
export class Comms {
  readonly #publisher: Publisher;
  readonly #open = new Map<string, OpenComm>();

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  /** Opens one from the kernel. @param parent of the cell that asks for it */
  open(opening: CommOpening, parent: Header): Comm {
    const id = opening.id ?? randomUUID();
    this.#send("comm_open", id, opening, parent, { target_name: opening.target });
    return this.#add(id, opening.target, parent);
  }

  /** A front end opens one; where nobody registered its target, it is closed again. */
  onOpen(message: Message): void {
    const { comm_id, target_name, data } = readContent("comm_open", message);
    noteCommTarget(target_name);
    const target = findCommTarget(target_name);
    if (!target) this.#send("comm_close", comm_id, { data: {} }, message.header);
    else target(this.#add(comm_id, target_name, message.header), { data, ...extras(message) });
  }

  /** A message for a comm that is not open, or not any more, is ignored. */
  onMessage(message: Message): void {
    const { comm_id, data } = readContent("comm_msg", message);
    for (const listener of this.#open.get(comm_id)?.heard.message ?? []) listener({ data, ...extras(message) });
  }

  onClose(message: Message): void {
    const { comm_id, data } = readContent("comm_close", message);
    const comm = this.#open.get(comm_id);
    this.#open.delete(comm_id);
    for (const listener of comm?.heard.close ?? []) listener({ data, ...extras(message) });
  }

  /** @param target only those of this target, where it is given */
  info(target?: string | null): Record<string, { target_name: string }> {
    const comms = [...this.#open.values()].filter((comm) => !target || comm.target === target);
    return Object.fromEntries(comms.map((comm) => [comm.id, { target_name: comm.target }]));
  }

  #add(id: string, target: string, parent: Header): OpenComm {
    const comm = new OpenComm(id, target, (type, message) => {
      if (!this.#open.has(id)) return; // the other side has closed it
      this.#send(type, id, message, parent);
      if (type === "comm_close") this.#open.delete(id);
    });
    this.#open.set(id, comm);
    return comm;
  }

  #send(type: string, id: string, message: CommMessage, parent: Header, more: JsonObject = {}): void {
    const { data, metadata, buffers } = message;
    const extras = { metadata, buffers: buffers?.map(bytesOf) };
    this.#publisher.publish(type, parent, { comm_id: id, data, ...more }, extras);
  }
}

/** The bytes of what code gave as binary data; its type is the compiler's word only. @throws FlamingoError USAGE */
function bytesOf(given: unknown, index: number): Uint8Array {
  if (ArrayBuffer.isView(given)) return unshared(new Uint8Array(given.buffer, given.byteOffset, given.byteLength));
  if (types.isAnyArrayBuffer(given)) return unshared(new Uint8Array(given));
  throw new FlamingoError(
    "USAGE",
    `buffers[${index}] of a comm's message is ${inspect(given)}, which is no binary data`,
    {
      fix: "give typed arrays, DataViews or ArrayBuffers",
    },
  );
}

/** A copy where other threads may write to the bytes: the socket takes none of those. */
function unshared(bytes: Uint8Array): Uint8Array {
  return types.isSharedArrayBuffer(bytes.buffer) ? bytes.slice() : bytes;
}
