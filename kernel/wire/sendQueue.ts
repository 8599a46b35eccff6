import type { MessageLike } from "zeromq";

interface SendingSocket {
  send(frames: MessageLike[]): Promise<void>;
}

/**
 * Sends one message after the other: a ZeroMQ socket of Node refuses a second one while the first is not sent yet.
 */
export class SendQueue {
  readonly #socket: SendingSocket;
  #waiting: MessageLike[][] = [];
  #sending: Promise<void> | undefined;

  constructor(socket: SendingSocket) {
    this.#socket = socket;
  }

  send(frames: MessageLike[]): void {
    this.#waiting.push(frames);
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when all is sent that was given so far. */
  async drained(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      // A client that went away takes its answer with it; the others' go on.
      for (const frames of batch) await this.#socket.send(frames).catch(() => undefined);
    }
    this.#sending = undefined;
  }
}
