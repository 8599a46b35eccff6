import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { FlamingoError } from "../../src/core/errors.ts";
import type { Connection } from "../protocol/connection.ts";
import { type Channel, type Message, newHeader } from "../protocol/message.ts";
import { type ClientChannel, KernelChannels } from "./channels.ts";
import { type ConnectionFile, makeConnectionFile } from "./connectionFile.ts";
import { type Ending, KernelProcess, type LaunchOptions } from "./kernelProcess.ts";
import type { Kernelspec } from "./kernelspec.ts";
import { OutsideOutput } from "./outsideOutput.ts";

export interface KernelOptions extends LaunchOptions {
  spec: Kernelspec;
  /** Milliseconds that the kernel has for its first answer. */
  patience?: number;
  /** Milliseconds that it has to end by itself when it is shut down. */
  grace?: number;
}

export interface ExecuteOptions {
  /** Runs without output or number, for the front end's own purposes. */
  silent?: boolean;
  storeHistory?: boolean;
  stopOnError?: boolean;
  userExpressions?: Record<string, string>;
  /** Answers the cell's questions; without it, the cell cannot ask. */
  onInput?: (prompt: string, password: boolean) => Promise<string>;
  /** Is called with what the cell shows; also after it has ended, for what it left running may still show something. */
  onOutput?: (message: Message) => void;
}

/** Called with every message on iopub. */
export type IopubListener = (message: Message) => void;

interface Waiting {
  resolve(reply: Message): void;
  reject(error: unknown): void;
}

const defaultPatience = 60_000;
const defaultGrace = 5_000;
/** Milliseconds after which the first question is asked again, in case its output came before the subscription. */
const askAgain = 250;

/** A kernel that this process started, and talks to. */
export class KernelClient {
  /** Identifies this client in the headers of what it sends. */
  readonly session = randomUUID();
  /** Called when the process ends after it was ready, and nobody asked for it. */
  onDeath: (ending: Ending) => void = () => {};
  /** What the kernel says of itself: the content of its kernel_info_reply. */
  info: Readonly<Record<string, unknown>> = {};
  readonly #options: KernelOptions;
  readonly #file: ConnectionFile;
  #channels: KernelChannels;
  readonly #iopub = new Set<IopubListener>();
  readonly #outputs = new Map<string, IopubListener>();
  readonly #replies = new Map<string, Waiting>();
  readonly #inputs = new Map<string, NonNullable<ExecuteOptions["onInput"]>>();
  #process: KernelProcess;
  #outside!: OutsideOutput;
  /** From its first answer until it is meant to end. */
  #ready = false;

  private constructor(options: KernelOptions, file: ConnectionFile) {
    this.#options = options;
    this.#file = file;
    this.#channels = this.#open();
    this.#process = this.#launch();
  }

  /**
   * Starts a kernel, and comes back when it answers.
   * @throws FlamingoError KERNEL_DIED
   */
  static async start(options: KernelOptions): Promise<KernelClient> {
    const kernel = new KernelClient(options, await makeConnectionFile(options.spec.display_name));
    try {
      await kernel.#becomeReady();
    } catch (error) {
      await kernel.kill();
      throw error;
    }
    return kernel;
  }

  /** Where the kernel listens; the same after a restart. */
  get connection(): Connection {
    return this.#file.connection;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Listens to iopub. Returns what takes that back. */
  listen(listener: IopubListener): () => void {
    this.#iopub.add(listener);
    return () => this.#iopub.delete(listener);
  }

  /**
   * Sends a request, and comes back with its reply: also with one whose status is `error`.
   * @throws FlamingoError KERNEL_DIED
   */
  request(channel: ClientChannel, type: string, content: Record<string, unknown> = {}): Promise<Message> {
    return this.#ask(channel, this.#message(type, content));
  }

  /**
   * Runs code, and comes back with its reply when all its output has come too.
   * @throws FlamingoError KERNEL_DIED
   */
  async execute(code: string, options: ExecuteOptions = {}): Promise<Message> {
    const { silent = false, storeHistory = !silent, stopOnError = true, userExpressions = {}, onInput } = options;
    const request = this.#message("execute_request", {
      code,
      silent,
      store_history: storeHistory,
      stop_on_error: stopOnError,
      user_expressions: userExpressions,
      allow_stdin: onInput !== undefined,
    });
    const id = request.header.msg_id;
    if (onInput) this.#inputs.set(id, onInput);
    const idle = new Promise<void>((resolve) => {
      this.#outputs.set(id, (message) => {
        if (isIdle(message)) resolve();
        options.onOutput?.(message);
      });
    });
    const reply = await this.#ask("shell", request);
    await Promise.race([idle, this.#death()]);
    // What the process wrote before that lies in its pipes: the first turn finds it, the second has it read.
    await setImmediate();
    await setImmediate();
    this.#outside.flush();
    return reply;
  }

  /** Interrupts what the kernel does, in the way that its spec says. */
  async interrupt(): Promise<void> {
    if (this.#options.spec.interrupt_mode === "message") await this.request("control", "interrupt_request");
    else this.#process.interrupt();
  }

  /**
   * Ends the process and starts another in its place: its variables are gone, its sockets are where they were.
   * @throws FlamingoError KERNEL_DIED
   */
  async restart(): Promise<void> {
    await this.#end(true);
    this.#outputs.clear();
    this.#inputs.clear();
    this.#channels.close(); // with what waits in them: it was for the former process
    this.#channels = this.#open();
    this.#process = this.#launch();
    await this.#becomeReady();
  }

  /** Asks the kernel to end, and ends it if it does not. */
  async shutdown(): Promise<void> {
    await this.#end(false);
    await this.#close();
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    this.#ready = false;
    this.#process.kill();
    await this.#process.ended;
    await this.#close();
  }

  #open(): KernelChannels {
    const listen = (channel: Channel, message: Message) => this.#receive(channel, message);
    return new KernelChannels(this.#file.connection, listen, { iopub: true });
  }

  async #close(): Promise<void> {
    this.#channels.close();
    await this.#file.remove();
  }

  #launch(): KernelProcess {
    const outside = new OutsideOutput((cell, name, text) => {
      const header = newHeader("stream", this.session);
      this.#receive("iopub", { header, parent_header: cell, metadata: {}, content: { name, text }, buffers: [] });
    });
    this.#outside = outside;
    const launched = new KernelProcess(this.#options.spec, this.#file.path, this.#options, (stream, text) =>
      outside.add(stream, text),
    );
    void launched.ended.then((ending) => {
      this.#rejectAll(died(ending));
      if (this.#ready) this.onDeath(ending);
    });
    return launched;
  }

  async #end(restart: boolean): Promise<void> {
    this.#ready = false;
    const launched = this.#process;
    const late = setTimeout(() => launched.kill(), this.#options.grace ?? defaultGrace);
    this.#channels.send("control", this.#message("shutdown_request", { restart }));
    await launched.ended;
    clearTimeout(late);
  }

  /** Asks until an answer and an output have come, so that no output of what is asked later is missed. */
  async #becomeReady(): Promise<void> {
    const patience = this.#options.patience ?? defaultPatience;
    const death = this.#death();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(mute(patience)), patience);
    });
    let heard = () => {};
    const output = new Promise<true>((resolve) => {
      heard = this.listen(() => resolve(true));
    });
    try {
      for (;;) {
        const answered = this.#ask("shell", this.#message("kernel_info_request", {}));
        answered.catch(() => {}); // the race below tells
        this.info = (await Promise.race([answered, death, late])).content;
        const again = new Promise<false>((resolve) => setTimeout(() => resolve(false), askAgain));
        if (!(await Promise.race([output, again, death, late]))) continue;
        this.#ready = true;
        return;
      }
    } finally {
      heard();
      clearTimeout(timer);
    }
  }

  /** Rejects when the present process ends. */
  #death(): Promise<never> {
    const death = this.#process.ended.then((ending) => {
      throw died(ending);
    });
    death.catch(() => {}); // whoever waits hears of it
    return death;
  }

  #message(type: string, content: Record<string, unknown>): Message {
    return { header: newHeader(type, this.session), parent_header: {}, metadata: {}, content, buffers: [] };
  }

  #ask(channel: ClientChannel, request: Message): Promise<Message> {
    const { ending } = this.#process;
    if (ending) return Promise.reject(died(ending));
    return new Promise((resolve, reject) => {
      this.#replies.set(request.header.msg_id, { resolve, reject });
      this.#channels.send(channel, request);
    });
  }

  #receive(channel: Channel, message: Message): void {
    if (channel === "iopub") {
      this.#outside.hear(message);
      for (const listener of [...this.#iopub]) listener(message);
      this.#outputs.get(message.parent_header.msg_id)?.(message);
      return;
    }
    const parent = message.parent_header.msg_id;
    if (parent === undefined) return;
    if (channel === "stdin") {
      void this.#answerInput(parent, message);
      return;
    }
    this.#replies.get(parent)?.resolve(message);
    this.#replies.delete(parent);
  }

  async #answerInput(parent: string, { header, content }: Message): Promise<void> {
    const answer = this.#inputs.get(parent);
    if (!answer) return;
    const value = await answer(String(content.prompt ?? ""), content.password === true);
    this.#channels.send("stdin", { ...this.#message("input_reply", { value }), parent_header: header });
  }

  #rejectAll(error: FlamingoError): void {
    for (const { reject } of this.#replies.values()) reject(error);
    this.#replies.clear();
  }
}

function isIdle({ header, content }: Message): boolean {
  return header.msg_type === "status" && content.execution_state === "idle";
}

function died({ how, output }: Ending): FlamingoError {
  const said = output ? `; it said last: ${output.split("\n").at(-1)}` : "";
  return new FlamingoError("KERNEL_DIED", `the kernel's process ended ${how}${said}`, {
    fix: "start the kernel again",
  });
}

function mute(patience: number): FlamingoError {
  const message = `the kernel did not answer within ${Math.round(patience / 1000)} s`;
  return new FlamingoError("KERNEL_DIED", message, { fix: "try again, or wait for a calmer moment of the machine" });
}
