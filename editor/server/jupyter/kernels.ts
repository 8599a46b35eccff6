import { randomUUID } from "node:crypto";
import { KernelChannels } from "../../../kernel/client/channels.ts";
import { KernelClient } from "../../../kernel/client/kernelClient.ts";
import type { Kernelspec } from "../../../kernel/client/kernelspec.ts";
import { type Channel, type Message, newHeader } from "../../../kernel/protocol/message.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { Missed } from "./missed.ts";
import type { ChannelMessage } from "./webSocketMessage.ts";

export interface KernelManagerOptions {
  /** What can be started: name → spec. */
  kernelspecs: Readonly<Record<string, Kernelspec>>;
  /** Added to the environment of every kernel. */
  env: Record<string, string>;
  /** How many may run at a time. */
  most?: number;
  /** Milliseconds without work and without a client, after which a kernel is ended. */
  idle?: number;
}

/** A kernel as Jupyter's API describes it. */
export interface KernelModel {
  id: string;
  name: string;
  /** ISO 8601. */
  last_activity: string;
  execution_state: string;
  connections: number;
}

/** One client of a kernel: what it sends goes in here. */
export interface KernelConnection {
  send(message: ChannelMessage): void;
  close(): void;
}

const defaultMost = 8;
const defaultIdle = 12 * 3600 * 1000;
/** Milliseconds between two looks for idle kernels. */
const lookInterval = 60_000;
/** Milliseconds that kernels have to end by themselves. */
const grace = 3_000;
/** Clients that left, of whom it is remembered what they missed. */
const mostAway = 4;

/** The kernels that the studio runs for its notebooks. They are its children, and end with it. */
export class KernelManager {
  readonly kernelspecs: Readonly<Record<string, Kernelspec>>;
  readonly #options: KernelManagerOptions;
  readonly #kernels = new Map<string, ManagedKernel>();
  readonly #timer: NodeJS.Timeout;
  /** Kernels on their way count too. */
  #starting = 0;
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  constructor(options: KernelManagerOptions) {
    this.kernelspecs = options.kernelspecs;
    this.#options = options;
    const idle = options.idle ?? defaultIdle;
    this.#timer = setInterval(() => this.#endIdle(idle), Math.min(lookInterval, idle));
    this.#timer.unref();
  }

  list(): KernelModel[] {
    return [...this.#kernels.values()].map((kernel) => kernel.model());
  }

  /** @throws FlamingoError NOT_FOUND */
  get(id: string): KernelModel {
    return this.#find(id).model();
  }

  has(id: string): boolean {
    return this.#kernels.has(id);
  }

  /**
   * Starts a kernel, and comes back when it answers.
   * @param cwd the folder that it works in
   * @throws FlamingoError NOT_FOUND for a name that there is no kernel of, KERNEL_BUSY, KERNEL_DIED
   */
  async start(name: string, cwd: string): Promise<KernelModel> {
    const { kernelspecs, env, most = defaultMost } = this.#options;
    if (!Object.hasOwn(kernelspecs, name)) {
      const fix = `choose one of ${Object.keys(kernelspecs).join(", ")}`;
      throw new FlamingoError("NOT_FOUND", `there is no kernel "${name}"`, { fix });
    }
    if (this.#closed || this.#kernels.size + this.#starting >= most)
      throw new FlamingoError("KERNEL_BUSY", `${most} kernels run already`, { fix: "shut down one of them" });
    this.#starting += 1;
    try {
      const client = await KernelClient.start({ spec: kernelspecs[name]!, cwd, env, grace });
      const kernel = new ManagedKernel(name, client);
      this.#kernels.set(kernel.id, kernel);
      if (this.#closed) await this.shutdown(kernel.id);
      return kernel.model();
    } finally {
      this.#starting -= 1;
    }
  }

  /** @throws FlamingoError NOT_FOUND, KERNEL_DIED */
  async interrupt(id: string): Promise<void> {
    await this.#find(id).client.interrupt();
  }

  /** @throws FlamingoError NOT_FOUND, KERNEL_DIED */
  async restart(id: string): Promise<KernelModel> {
    const kernel = this.#find(id);
    await kernel.restart("starting");
    return kernel.model();
  }

  /** @throws FlamingoError NOT_FOUND */
  async shutdown(id: string): Promise<void> {
    const kernel = this.#find(id);
    this.#kernels.delete(id);
    const ended = kernel.shutdown();
    this.#ending.add(ended);
    await ended.finally(() => this.#ending.delete(ended));
  }

  /**
   * Connects a client.
   * @param session identifies the client: when it comes back, it gets what it missed
   * @param receive is called with all that the kernel says to it, and to everyone
   * @throws FlamingoError NOT_FOUND
   */
  connect(id: string, session: string, receive: (message: ChannelMessage) => void): KernelConnection {
    return this.#find(id).connect(session, receive);
  }

  /** Ends all kernels. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#ending, ...[...this.#kernels.keys()].map((id) => this.shutdown(id))]);
  }

  #find(id: string): ManagedKernel {
    const kernel = this.#kernels.get(id);
    if (!kernel) throw new FlamingoError("NOT_FOUND", `there is no kernel ${id}`, { fix: "start one" });
    return kernel;
  }

  #endIdle(idle: number): void {
    for (const { id, idleSince } of this.#kernels.values())
      if (idleSince !== undefined && performance.now() - idleSince > idle) void this.shutdown(id).catch(() => {});
  }
}

type KernelState = "starting" | "restarting" | "idle" | "dead";

class ManagedKernel {
  readonly id = randomUUID();
  readonly client: KernelClient;
  readonly #name: string;
  /** By their sessions; those that left stand in the order in which they did. */
  readonly #clients = new Map<string, Client>();
  #ended = false;
  #state = "idle";
  /** By the clock, for clients; and by a time that nobody sets, for what follows from it. */
  #lastActivity = { date: Date.now(), time: performance.now() };
  /** Restarts happen one after another. */
  #restarting: Promise<void> = Promise.resolve();

  constructor(name: string, client: KernelClient) {
    this.#name = name;
    this.client = client;
    client.listen((message) => this.#take(message));
    client.onDeath = () => void this.#recover();
  }

  model(): KernelModel {
    return {
      id: this.id,
      name: this.#name,
      last_activity: new Date(this.#lastActivity.date).toISOString(),
      execution_state: this.#state,
      connections: this.#connections,
    };
  }

  /** Since when nobody needs it, in milliseconds of `performance.now`; undefined while somebody does. */
  get idleSince(): number | undefined {
    return this.#state === "busy" || this.#connections > 0 ? undefined : this.#lastActivity.time;
  }

  /** @param state the state that clients see meanwhile; `restarting` is for what nobody asked for */
  restart(state: "starting" | "restarting"): Promise<void> {
    const restarted = this.#restarting.then(async () => {
      this.#tell(state);
      try {
        await this.client.restart();
        this.#tell("idle"); // whoever asked while there was no kernel to answer hears it now
      } catch (error) {
        this.#tell("dead");
        throw error;
      }
    });
    this.#restarting = restarted.catch(() => {});
    return restarted;
  }

  async shutdown(): Promise<void> {
    await this.#restarting;
    await this.client.shutdown();
    this.#tell("dead");
    this.#ended = true;
    this.#forgetAway(0);
  }

  connect(session: string, receive: (message: ChannelMessage) => void): KernelConnection {
    const client = this.#clients.get(session) ?? new Client(this.client);
    this.#clients.set(session, client);
    client.come(receive);
    return {
      send: (message) => client.send(message),
      close: () => {
        client.leave(receive);
        this.#noteActivity();
        this.#clients.delete(session);
        this.#clients.set(session, client);
        this.#forgetAway(this.#ended ? 0 : mostAway);
      },
    };
  }

  #noteActivity(): void {
    this.#lastActivity = { date: Date.now(), time: performance.now() };
  }

  get #connections(): number {
    return [...this.#clients.values()].reduce((sum, { connections }) => sum + connections, 0);
  }

  /** @param most how many of the clients that left are remembered */
  #forgetAway(most: number): void {
    const away = [...this.#clients].filter(([, { connections }]) => connections === 0);
    for (const [session, client] of away.slice(0, Math.max(0, away.length - most))) {
      client.close();
      this.#clients.delete(session);
    }
  }

  /** A kernel that died is started anew: its variables are lost, and its clients are notified. */
  async #recover(): Promise<void> {
    await this.restart("restarting").catch(() => {}); // clients see `dead`
  }

  #take(message: Message): void {
    this.#noteActivity();
    if (message.header.msg_type === "status") this.#state = String(message.content.execution_state);
    for (const client of this.#clients.values()) client.receive({ channel: "iopub", message });
  }

  /** Tells the clients what the kernel itself cannot. */
  #tell(state: KernelState): void {
    this.#take(this.#status(state));
  }

  #status(state: KernelState): Message {
    const header = newHeader("status", this.client.session);
    return { header, parent_header: {}, metadata: {}, content: { execution_state: state }, buffers: [] };
  }
}

/**
 * One client's own sockets: the kernel answers, and asks for input, where the request came from. A client may have two
 * connections at a time: while it makes a new one, or where a browser's tab was doubled.
 */
class Client {
  readonly #channels: KernelChannels;
  readonly #receivers = new Set<(message: ChannelMessage) => void>();
  readonly #missed = new Missed();

  constructor(kernel: KernelClient) {
    const listen = (channel: Channel, message: Message) => this.receive({ channel, message });
    this.#channels = new KernelChannels(kernel.connection, listen, { iopub: false });
  }

  get connections(): number {
    return this.#receivers.size;
  }

  receive(message: ChannelMessage): void {
    if (this.#receivers.size === 0) this.#missed.add(message);
    for (const receive of this.#receivers) receive(message);
  }

  /** Tells what was said meanwhile, and from now on. */
  come(receive: (message: ChannelMessage) => void): void {
    for (const message of this.#missed.take()) receive(message);
    this.#receivers.add(receive);
  }

  leave(receive: (message: ChannelMessage) => void): void {
    this.#receivers.delete(receive);
  }

  send({ channel, message }: ChannelMessage): void {
    if (channel !== "iopub") this.#channels.send(channel, message);
  }

  close(): void {
    this.#channels.close();
  }
}
