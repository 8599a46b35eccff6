import { type ChildProcess, spawn } from "node:child_process";
import { type CompilerInstallation, compilerInstallation, compilerScript } from "../compiler/installation.ts";
import type { Request, Requests, Response } from "../compiler/protocol.ts";

type Answer<Method extends keyof Requests> = Awaited<ReturnType<Requests[Method]>>;

interface Pending {
  request: Request;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const usualStarts = 4;

export interface CompilerProcessOptions {
  /** Of the process; without it, the start takes a second. */
  snapshot?: string | undefined;
  /** What it is without a snapshot. */
  installation?: CompilerInstallation;
  /** How often it is started, one time after the other, until it has answered. */
  mostStarts?: number;
  /** It is started when this is over, if not before. */
  after?: Promise<void> | undefined;
}

/**
 * The compiler, in a process of its own: it works beside a cell that runs, no interrupt can break it, and it starts from a
 * snapshot in which TypeScript has read its libraries. Should it end, it is started again, and told the cells that ran.
 */
export class CompilerProcess {
  readonly #snapshot: string | undefined;
  readonly #installation: CompilerInstallation;
  readonly #mostStarts: number;
  readonly #pending = new Map<number, Pending>();
  /** What a new process is told first. */
  readonly #told: Omit<Request, "id">[] = [];
  #child: ChildProcess | undefined;
  #count = 0;
  #starts = 0;
  #isClosed = false;
  /** Why it is not started again. */
  #failure: Error | undefined;
  /** Resolves when the process listens, or has ended. */
  readonly listens: Promise<void>;
  #setListening = () => {};

  constructor({
    snapshot,
    installation = compilerInstallation(),
    mostStarts = usualStarts,
    after,
  }: CompilerProcessOptions = {}) {
    this.#snapshot = snapshot;
    this.#installation = installation;
    this.#mostStarts = mostStarts;
    this.listens = new Promise((resolve) => {
      this.#setListening = resolve;
    });
    if (after) after.then(() => this.start());
    else this.start();
  }

  /** Starts the process where it has not been: it is asked what it was asked so far. */
  start(): void {
    if (this.#starts > 0 || this.#isClosed) return;
    this.#start();
    for (const { request } of this.#pending.values()) this.#child?.send(request, () => {});
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves with the answer. Rejects where the compiler has a fault. */
  ask<Method extends keyof Requests>(method: Method, ...args: Parameters<Requests[Method]>): Promise<Answer<Method>> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const request = { id: ++this.#count, method, args };
      this.#pending.set(request.id, { request, resolve: resolve as (result: unknown) => void, reject });
      this.#holdProcess(true);
      this.#child?.send(request, () => {}); // that it cannot be sent, its end tells
    });
  }

  /** Asks, and has every later process told the same. */
  tell<Method extends keyof Requests>(method: Method, ...args: Parameters<Requests[Method]>): Promise<Answer<Method>> {
    this.#told.push({ method, args });
    return this.ask(method, ...args);
  }

  /** Has every later process told something that this one knows. */
  remember<Method extends keyof Requests>(method: Method, ...args: Parameters<Requests[Method]>): void {
    this.#told.push({ method, args });
  }

  close(): void {
    this.#isClosed = true;
    this.#child?.kill();
  }

  #start(): void {
    const fromSnapshot = this.#snapshot !== undefined && this.#starts === 0;
    this.#starts++;
    const args = fromSnapshot
      ? ["--snapshot-blob", this.#snapshot!]
      : [compilerScript, JSON.stringify(this.#installation)];
    // With other flags of V8, also from the environment, it could not use its snapshot; and it asks no server for anything.
    const child = spawn(process.execPath, ["--no-warnings", ...args], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, NODE_OPTIONS: "", NODE_EXTRA_CA_CERTS: "" },
    });
    this.#child = child;
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2_000);
    });
    child.on("message", (response: Response) => this.#receive(response));
    child.on("error", () => {}); // its end follows
    child.on("exit", () => this.#ended(said));
    (child.stderr as unknown as { unref(): void }).unref();
    this.#holdProcess(this.#pending.size > 0);
  }

  /** A process that waits for nothing else is kept alive by its compiler only while that has something to answer. */
  #holdProcess(hold: boolean): void {
    for (const each of [this.#child, this.#child?.channel]) hold ? each?.ref() : each?.unref();
  }

  #receive(response: Response): void {
    this.#setListening();
    const pending = this.#pending.get(response.id);
    if (!pending) return;
    this.#starts = 1;
    this.#pending.delete(response.id);
    if (this.#pending.size === 0) this.#holdProcess(false);
    if ("failure" in response) pending.reject(new Error(`INTERNAL: the compiler failed: ${response.failure}`));
    else pending.resolve((response as { result?: unknown }).result);
  }

  #ended(said: string): void {
    this.#setListening();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    if (this.#isClosed || this.#starts >= this.#mostStarts) {
      const reason = said.trim().split("\n").at(-1) ?? "";
      const error = new Error(`INTERNAL: the compiler's process ended. ${reason} Fix: restart the kernel`);
      for (const { reject } of waiting) reject(error);
      this.#failure = error;
      this.#child = undefined;
      return;
    }
    this.#start();
    for (const { method, args } of this.#told) this.#child?.send({ id: 0, method, args });
    for (const { request, ...answer } of waiting) {
      this.#pending.set(request.id, { request, ...answer });
      this.#child?.send(request);
    }
  }
}
