import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { toParts } from "../protocol/frames.ts";
import { type Channel, type Header, type JsonObject, newHeader } from "../protocol/message.ts";
import { interruption, type Shared } from "./shared.ts";
import type { Incoming, Outgoing, Request } from "./traffic.ts";

export type { Request };

/** What the main thread hears from the sockets. */
export interface WireListener {
  onRequest(request: Request): void;
  /**
   * Resolves when what is interrupted has ended.
   * @param terminated what ran was stopped by force, and its promises are lost
   */
  onInterrupt(terminated: boolean): Promise<void>;
  /** @param code with which the process is to end */
  onShutdown(code: number): void;
}

interface Envelope {
  channel: Channel;
  identities: Uint8Array[];
  type: string;
  parent: Header | Record<string, never>;
  content: JsonObject;
  metadata?: JsonObject | undefined;
  buffers?: Uint8Array[] | undefined;
}

/** How long the sockets may take to send the rest and close, in milliseconds. */
const closingTime = 3_000;

/** The sockets, as the thread sees them that runs cells. All that is sent goes out in this order. */
export class Wire {
  readonly #port: MessagePort;
  readonly #shared: Shared;
  readonly #session: string;
  readonly #echoes = new Map<number, () => void>();

  /**
   * @param port to the thread of the sockets
   * @param session of the headers of all that is sent
   */
  constructor(port: MessagePort, shared: Shared, session: string) {
    this.#port = port;
    this.#shared = shared;
    this.#session = session;
  }

  listen(listener: WireListener): void {
    this.#port.on("message", (incoming: Incoming) => {
      if (incoming.kind === "request") listener.onRequest(incoming);
      else if (incoming.kind === "interrupt") this.#onInterrupt(listener);
      else if (incoming.kind === "reminder") this.#takeUpInterrupt();
      else if (incoming.kind === "terminated") this.#onTerminated(listener);
      else if (incoming.kind === "shutdown") listener.onShutdown(incoming.code);
      else this.#echoes.get(incoming.id)?.();
    });
  }

  /** Cells run from now on, and may be terminated. */
  ready(): void {
    this.#post({ kind: "ready" });
  }

  /** Asks for an interrupt, as a client may. */
  interrupt(): void {
    this.#post({ kind: "interrupt" });
  }

  /** Says whose cell runs. */
  running(parent: Header | undefined): void {
    this.#post({ kind: "running", parent: parent && JSON.stringify(parent) });
  }

  /** Says that this thread waits for a process that it starts, beside others; undefined when it goes on. */
  waiting(others: number[] | undefined): void {
    this.#post({ kind: "waiting", others });
  }

  /** @returns the message's id @throws TypeError where the content is no JSON */
  send({ channel, identities, type, parent, content, metadata = {}, buffers = [] }: Envelope): string {
    const header = newHeader(type, this.#session);
    const parts = toParts({ header, parent_header: parent, metadata, content });
    this.#shared.addUnsent();
    this.#post({ kind: "message", channel, identities, parts, buffers });
    return header.msg_id;
  }

  /**
   * Sends a question, and holds this thread until its answer has come.
   * @param hear is given answers to other questions that come meanwhile
   */
  awaitAnswer(question: Envelope, hear: (request: Request) => void): Request {
    const { port1, port2 } = new MessageChannel();
    this.#port.postMessage({ kind: "asking", answers: port2 } satisfies Outgoing, [port2]);
    const id = this.send(question);
    try {
      for (;;) {
        const known = this.#shared.answers;
        const received = receiveMessageOnPort(port1) as { message: Request } | undefined;
        // Some clients name no parent; then it is the question that is open.
        const parent = received?.message.message.parent_header.msg_id;
        if (received && (parent === undefined || parent === id)) return received.message;
        if (received) hear(received.message);
        else this.#shared.awaitAnswer(known);
      }
    } finally {
      this.#post({ kind: "asking", answers: undefined });
      port1.close();
    }
  }

  /** @param parent the header of the request that the text belongs to, as JSON */
  print(parent: string, stream: "stdout" | "stderr", text: string): void {
    this.#shared.addUnsent();
    this.#post({ kind: "print", parent, stream, text });
  }

  /** Resolves when all that clients have sent until now has been heard. */
  async heardAll(): Promise<void> {
    const id = this.#echoes.size === 0 ? 0 : Math.max(...this.#echoes.keys()) + 1;
    await new Promise<void>((resolve) => {
      this.#echoes.set(id, resolve);
      this.#post({ kind: "echo", id });
    });
    this.#echoes.delete(id);
  }

  /** Sends the rest and closes the sockets, at once: a process that ends with open ones crashes. */
  close(): void {
    if (this.#shared.closed) return;
    this.#post({ kind: "close" });
    this.#shared.awaitClosed(closingTime);
  }

  async #onInterrupt(listener: WireListener): Promise<void> {
    if (!this.#takeUpInterrupt()) return;
    await listener.onInterrupt(false);
    for (const state of [interruption.takenUp, interruption.asked])
      this.#shared.moveInterruption(state, interruption.none);
  }

  /** While it is being forced, this waits: `terminated` follows, or what was to be ended has ended by itself meanwhile. */
  #takeUpInterrupt(): boolean {
    for (;;) {
      this.#shared.moveInterruption(interruption.asked, interruption.takenUp);
      const { interruption: state } = this.#shared;
      if (state !== interruption.forced) return state === interruption.takenUp;
      this.#shared.awaitForcedInterruption();
    }
  }

  #onTerminated(listener: WireListener): void {
    this.#shared.clearShields();
    listener.onInterrupt(true);
  }

  #post(outgoing: Outgoing): void {
    this.#port.postMessage(outgoing);
  }
}
