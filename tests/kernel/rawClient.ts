import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer, Request, Subscriber } from "zeromq";
import { type Connection, endpoint } from "../../kernel/protocol/connection.ts";
import { decode, encode } from "../../kernel/protocol/frames.ts";
import { type JsonObject, type Message, newHeader } from "../../kernel/protocol/message.ts";
import { Signer } from "../../kernel/protocol/signature.ts";
import { freePorts } from "./freePorts.ts";

const entry = fileURLToPath(new URL("../../kernel/flamingo-kernel.js", import.meta.url));

type Asking = "shell" | "control" | "stdin";

/** A heard message, with its type at hand. */
export type Heard = Message & { type: string; channel: Asking | "iopub" };

export interface Answer {
  reply: Heard;
  /** What was published below the request, status messages left out. */
  output: Heard[];
  /** The states that were published below the request. */
  states: unknown[];
}

/** A kernel's process and raw sockets to it, with nothing between a test and the wire. */
export class RawClient {
  readonly folder = mkdtempSync(join(tmpdir(), "flamingo-kernel-"));
  readonly session = randomUUID();
  readonly heard: Heard[] = [];
  readonly key = randomBytes(16).toString("hex");
  readonly signer = new Signer(this.key);
  readonly sockets = { shell: new Dealer(), control: new Dealer(), stdin: new Dealer(), iopub: new Subscriber() };
  connection!: Connection;
  process!: ChildProcess;
  /** What the process wrote outside of the protocol. */
  outside = "";
  readonly #waiting = new Set<() => void>();

  /** Starts a kernel and connects to it. @param environment added to this process's */
  static async start(environment: Record<string, string> = {}): Promise<RawClient> {
    const client = new RawClient();
    await client.#start(environment);
    return client;
  }

  async #start(environment: Record<string, string>): Promise<void> {
    const names = ["shell_port", "control_port", "iopub_port", "stdin_port", "hb_port"] as const;
    const ports = Object.fromEntries((await freePorts(names.length)).map((port, index) => [names[index]!, port]));
    this.connection = {
      transport: "tcp",
      ip: "127.0.0.1",
      ...(ports as Record<(typeof names)[number], number>),
      key: this.key,
      signature_scheme: "hmac-sha256",
    };
    const file = join(this.folder, "connection.json");
    writeFileSync(file, JSON.stringify(this.connection));
    const identity = randomUUID();
    for (const channel of ["shell", "control", "stdin"] as const) this.sockets[channel].routingId = identity;
    this.sockets.iopub.receiveHighWaterMark = 0;
    this.sockets.iopub.subscribe();
    for (const channel of ["shell", "control", "stdin", "iopub"] as const) {
      this.sockets[channel].linger = 0;
      this.sockets[channel].connect(endpoint(this.connection, channel));
      this.#hear(channel);
    }
    this.process = spawn(process.execPath, [entry, file], {
      cwd: this.folder,
      // A test that dies takes its kernel with it.
      env: {
        ...process.env,
        JPY_PARENT_PID: String(process.pid),
        FLAMINGO_HOME: join(this.folder, "home"),
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on("data", (data) => {
        this.outside += data;
        this.#wake();
      });
    this.process.on("exit", () => this.#wake());
    await this.until(() => this.heard.some(({ type }) => type === "iopub_welcome"));
  }

  async #hear(channel: Asking | "iopub"): Promise<void> {
    for await (const frames of this.sockets[channel]) {
      const { message } = decode(frames, this.signer);
      this.heard.push({ ...message, type: message.header.msg_type, channel });
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when something is so; looked at after everything that is heard. */
  async until(condition: () => unknown): Promise<void> {
    while (!condition()) {
      if (this.process && (this.process.exitCode ?? this.process.signalCode) !== null)
        throw new Error(`the kernel ended with ${this.process.exitCode ?? this.process.signalCode}: ${this.outside}`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  /** Sends a message. @returns its id */
  send(type: string, content: JsonObject = {}, channel: Asking = "shell", more: Partial<Message> = {}): string {
    const header = newHeader(type, this.session);
    const message = { header, parent_header: {}, metadata: {}, content, buffers: [], ...more };
    this.sockets[channel].send(encode(message, this.signer));
    return header.msg_id;
  }

  /** What was heard below a request. */
  below(id: string): Heard[] {
    return this.heard.filter((message) => message.parent_header.msg_id === id);
  }

  /** Resolves with the answer to a request, once it is idle. */
  async answer(id: string): Promise<Answer> {
    const isReply = ({ channel }: Heard) => channel === "shell" || channel === "control";
    const isIdle = ({ type, content }: Heard) => type === "status" && content.execution_state === "idle";
    await this.until(() => this.below(id).some(isReply) && this.below(id).some(isIdle));
    const all = this.below(id);
    const published = all.filter(({ channel }) => channel === "iopub");
    return {
      reply: all.find(isReply)!,
      output: published.filter(({ type }) => type !== "status"),
      states: published.filter(({ type }) => type === "status").map(({ content }) => content.execution_state),
    };
  }

  request(type: string, content: JsonObject = {}, channel: Asking = "shell"): Promise<Answer> {
    return this.answer(this.send(type, content, channel));
  }

  execute(code: string, more: JsonObject = {}): Promise<Answer> {
    return this.request("execute_request", { code, allow_stdin: false, ...more });
  }

  /** One heartbeat's echo. */
  async heartbeat(text: string): Promise<string> {
    const socket = new Request({ linger: 0 });
    socket.connect(endpoint(this.connection, "hb"));
    await socket.send(text);
    const [echo] = await socket.receive();
    socket.close();
    return echo!.toString();
  }

  /** Resolves when the process has ended. @returns its exit code, or the signal that ended it */
  async ended(): Promise<number | string> {
    const { process } = this;
    if (process.exitCode === null && process.signalCode === null)
      await new Promise((resolve) => process.once("exit", resolve));
    return process.exitCode ?? process.signalCode!;
  }

  async stop(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.ended();
    for (const socket of Object.values(this.sockets)) socket.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The text of a stream among messages. */
export function printed(messages: Heard[], stream: "stdout" | "stderr" = "stdout"): string {
  const streams = messages.filter(({ type, content }) => type === "stream" && content.name === stream);
  return streams.map(({ content }) => content.text).join("");
}
