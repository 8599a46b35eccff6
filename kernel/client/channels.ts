import { randomUUID } from "node:crypto";
import { Dealer, Subscriber } from "zeromq";
import { type Connection, endpoint } from "../protocol/connection.ts";
import { decode, encode } from "../protocol/frames.ts";
import type { Channel, Message } from "../protocol/message.ts";
import { Signer } from "../protocol/signature.ts";

/** The channels on which a client speaks. */
export type ClientChannel = Exclude<Channel, "iopub">;

/** Milliseconds between two tries to reach a socket: a kernel takes longer to start than its sockets to be found. */
const retryInterval = 20;

/**
 * One client's sockets to a kernel. They find the kernel whenever it listens, also when it was started anew at the same
 * place; what was sent before waits.
 */
export class KernelChannels {
  readonly #signer: Signer;
  readonly #dealers: Record<ClientChannel, Dealer>;
  readonly #subscriber: Subscriber | undefined;
  /** The last send on each socket: zeromq takes one at a time. */
  readonly #sending = new Map<ClientChannel, Promise<void>>();

  /** @param listen is called with every message whose signature is right; others are dropped, as the protocol says */
  constructor(
    connection: Connection,
    listen: (channel: Channel, message: Message) => void,
    { iopub }: { iopub: boolean },
  ) {
    this.#signer = new Signer(connection.key, connection.signature_scheme);
    // One identity, so that the kernel finds on stdin who asked on shell.
    const options = { routingId: randomUUID(), linger: 0, reconnectInterval: retryInterval };
    const open = (channel: ClientChannel): Dealer => {
      const socket = new Dealer({ ...options, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
      socket.connect(endpoint(connection, channel));
      void this.#receive(channel, socket, listen);
      return socket;
    };
    this.#dealers = { shell: open("shell"), control: open("control"), stdin: open("stdin") };
    if (!iopub) return;
    // No limit: beyond the usual thousand messages output would be lost without a word.
    this.#subscriber = new Subscriber({ linger: 0, reconnectInterval: retryInterval, receiveHighWaterMark: 0 });
    this.#subscriber.connect(endpoint(connection, "iopub"));
    this.#subscriber.subscribe();
    void this.#receive("iopub", this.#subscriber, listen);
  }

  /** Messages of one channel arrive in the order in which they are sent. */
  send(channel: ClientChannel, message: Message): void {
    const frames = encode(message, this.#signer);
    const socket = this.#dealers[channel];
    const before = this.#sending.get(channel) ?? Promise.resolve();
    const sent = before.then(() => (socket.closed ? undefined : socket.send(frames)));
    this.#sending.set(
      channel,
      sent.catch(() => {}), // closed meanwhile
    );
  }

  close(): void {
    for (const socket of [...Object.values(this.#dealers), this.#subscriber]) socket?.close();
  }

  async #receive(
    channel: Channel,
    socket: Dealer | Subscriber,
    listen: (channel: Channel, message: Message) => void,
  ): Promise<void> {
    for await (const frames of socket) {
      let message: Message;
      try {
        ({ message } = decode(frames, this.#signer));
      } catch {
        continue; // not from our kernel
      }
      listen(channel, message);
    }
  }
}
