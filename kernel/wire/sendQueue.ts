import type { MessageLike } from "zeromq";

interface SendingSocket {
  /** Rejects, or throws at once, what it cannot send. */
  send(frames: MessageLike[]): Promise<void>;
}

/**
 * Sends one message after the other: a ZeroMQ socket of Node refuses a second one while the first is not sent yet.
 */
export class SendQueue {
  readonly #socket: SendingSocket;
  readonly #onFailure: (error: unknown) => void;
  #waiting: MessageLike[][] = [];
  #sending: Promise<void> | undefined;

  /** @param onFailure told of each message that could not be sent; the others go on */
  constructor(socket: SendingSocket, onFailure: (error: unknown) => void) {
    this.#socket = socket;
    this.#onFailure = onFailure;
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
      for (const frames of batch) await this.#attempt(frames);
    }
    this.#sending = undefined;
  }

  // Always ends in a later turn, so that `#sending` is set before it is cleared.
  async #attempt(frames: MessageLike[]): Promise<void> {
    try {
      await this.#socket.send(frames);
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
