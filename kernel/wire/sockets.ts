import { Router, XPublisher } from "zeromq";
import { FlamingoError } from "../../src/core/errors.ts";
import { type Connection, endpoint } from "../protocol/connection.ts";
import type { Channel } from "../protocol/message.ts";
import { log } from "./log.ts";
import { SendQueue } from "./sendQueue.ts";
import type { AskingChannel } from "./traffic.ts";

type Frame = string | Uint8Array;

const askingChannels = ["shell", "control", "stdin"] as const;

/** How long a closed socket may go on delivering, in milliseconds. */
const linger = 1_000;

/** What the sockets hear. */
export interface SocketListener {
  onMessage(channel: AskingChannel, frames: Uint8Array[]): void;
  /** A client listens to iopub from now on. @param topic the start of the topics that it wants */
  onSubscription(topic: string): void;
}

/** A kernel's five ZeroMQ sockets. The heartbeat is answered here. */
export class Sockets {
  readonly #heartbeat = new Router({ linger });
  readonly #asking: Record<AskingChannel, Router>;
  // Without a mark, for beyond it messages are dropped without a word. It counts only where set before the bind.
  readonly #iopub = new XPublisher({ linger, sendHighWaterMark: 0, verbosity: "allSubs" });
  readonly #queues: Record<Channel, SendQueue>;

  constructor() {
    const router = () => new Router({ linger, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
    this.#asking = { shell: router(), control: router(), stdin: router() };
    const queue = (socket: Router | XPublisher, channel: Channel) =>
      new SendQueue(socket, (error) => log(`not sent on ${channel}: ${error}`));
    this.#queues = {
      shell: queue(this.#asking.shell, "shell"),
      control: queue(this.#asking.control, "control"),
      stdin: queue(this.#asking.stdin, "stdin"),
      iopub: queue(this.#iopub, "iopub"),
    };
  }

  /** Opens the sockets. Rejects with PORT_IN_USE where an address is taken, with KERNEL_CONNECTION where it cannot be had. */
  async open(connection: Connection, listener: SocketListener): Promise<void> {
    const bound: [Router | XPublisher, Channel | "hb"][] = [
      [this.#heartbeat, "hb"],
      [this.#iopub, "iopub"],
      ...askingChannels.map((channel): [Router, Channel] => [this.#asking[channel], channel]),
    ];
    const binds = await Promise.allSettled(
      bound.map(([socket, channel]) => bind(socket, endpoint(connection, channel))),
    );
    for (const each of binds) if (each.status === "rejected") throw each.reason;
    this.#echoHeartbeats();
    this.#hearSubscriptions(listener);
    for (const channel of askingChannels) hear(this.#asking[channel], channel, listener);
  }

  /** Sends a message after all that were given before it on this channel. */
  send(channel: Channel, frames: Frame[]): void {
    this.#queues[channel].send(frames);
  }

  /** Closes the sockets when all is sent. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#queues).map((queue) => queue.drained()));
    for (const socket of [this.#heartbeat, this.#iopub, ...Object.values(this.#asking)]) socket.close();
  }

  async #echoHeartbeats(): Promise<void> {
    for await (const frames of this.#heartbeat) await this.#heartbeat.send(frames);
  }

  async #hearSubscriptions(listener: SocketListener): Promise<void> {
    for await (const [frame] of this.#iopub)
      if (frame?.[0] === 1) listener.onSubscription(frame.subarray(1).toString());
  }
}

async function bind(socket: Router | XPublisher, address: string): Promise<void> {
  try {
    await socket.bind(address);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    const message = taken ? `${address} is taken` : `${address} cannot be opened: ${(error as Error).message}`;
    throw new FlamingoError(taken ? "PORT_IN_USE" : "KERNEL_CONNECTION", message, { fix: "start the kernel again" });
  }
}

async function hear(socket: Router, channel: AskingChannel, listener: SocketListener): Promise<void> {
  for await (const frames of socket) listener.onMessage(channel, frames);
}
