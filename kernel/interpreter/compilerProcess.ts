import { type ChildProcess, spawn } from "node:child_process";
import { compilerInstallation, compilerScript } from "../compiler/installation.ts";
import type { Request, Requests, Response } from "../compiler/protocol.ts";

type Answer<Method extends keyof Requests> = Awaited<ReturnType<Requests[Method]>>;

interface Pending {
  request: Request;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Starts of the compiler, one after the other, after which it is not tried again. */
const mostStarts = 3;

/**
 * The compiler, in a process of its own: it works beside a cell that runs, no interrupt can break it, and it starts from a
 * snapshot in which TypeScript has read its libraries. Should it end, it is started again, and told the cells that ran.
 */
export class CompilerProcess {
  readonly #snapshot: string | undefined;
  readonly #pending = new Map<number, Pending>();
  /** What a new process is told first. */
  readonly #told: Omit<Request, "id">[] = [];
  #child: ChildProcess | undefined;
  #count = 0;
  #starts = 0;
  #isClosed = false;
  #hasAnswered = false;

  /** @param snapshot of the process; without it, the start takes a second */
  constructor(snapshot?: string) {
    this.#snapshot = snapshot;
    this.#start();
  }

  /** Whether it has answered: what it is asked now, it answers at once. */
  get isReady(): boolean {
    return this.#hasAnswered;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves with the answer. Rejects where the compiler has a fault. */
  ask<Method extends keyof Requests>(method: Method, ...args: Parameters<Requests[Method]>): Promise<Answer<Method>> {
    return new Promise((resolve, reject) => {
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
      : [compilerScript, JSON.stringify(compilerInstallation())];
    // With other flags of V8, also from the environment, it could not use its snapshot.
    const child = spawn(process.execPath, ["--no-warnings", ...args], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: { ...process.env, NODE_OPTIONS: "" },
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
    const pending = this.#pending.get(response.id);
    if (!pending) return;
    this.#starts = 1;
    this.#hasAnswered = true;
    this.#pending.delete(response.id);
    if (this.#pending.size === 0) this.#holdProcess(false);
    if ("failure" in response) pending.reject(new Error(`INTERNAL: the compiler failed: ${response.failure}`));
    else pending.resolve((response as { result?: unknown }).result);
  }

  #ended(said: string): void {
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    if (this.#isClosed || this.#starts > mostStarts) {
      const reason = said.trim().split("\n").at(-1) ?? "";
      const error = new Error(`INTERNAL: the compiler's process ended. ${reason} Fix: restart the kernel`);
      for (const { reject } of waiting) reject(error);
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
