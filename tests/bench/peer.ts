import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What a twin tells when it is opened. */
interface Opened {
  /** PyTorch's version. */
  torch: string;
  /** What multiplies matrices on the CPU, with the kernel that it chose for this processor. */
  blas: string | null;
}

/** A process with PyTorch that holds a twin of `peers/` and answers one request at a time. */
export class Peer {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #folder = mkdtempSync(join(tmpdir(), "flamingo-peer-"));

  /** @param twin the script's name in `peers/` */
  constructor(python: string, twin: string, threads: number) {
    const script = fileURLToPath(new URL(`./peers/${twin}`, import.meta.url));
    const count = String(threads);
    // PyTorch has two teams of threads, OpenMP's and OpenBLAS'. If the first spins while it waits, the second has no core left:
    // on two cores the template's step then takes not 0.08 but 2.6 seconds.
    const policy = { OMP_WAIT_POLICY: "PASSIVE" };
    // OpenBLAS chooses its code and block sizes for this processor; these variables would choose others.
    const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...own } = process.env;
    const env = { ...own, ...policy, TOY_THREADS: count, OPENBLAS_NUM_THREADS: count, OMP_NUM_THREADS: count };
    this.#process = spawn(python, [script], { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin!.on("error", () => {}); // it has ended: reading its answer tells
    this.#reader = createInterface({ input: this.#process.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** A path for a file that is handed over; gone when the peer is closed. */
  file(name: string): string {
    return join(this.#folder, name);
  }

  /** Asks and gets the answer; what the script's own first lines describe. */
  async ask<T>(request: object): Promise<T> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the process with PyTorch ended; its message stands above");
    return JSON.parse(value) as T;
  }

  /** Opens the twin; returns what it is, for people. */
  async open(request: object): Promise<string> {
    const { torch, blas } = await this.ask<Opened>({ open: request });
    return `PyTorch ${torch}${blas ? `, ${blas}` : ""}`;
  }

  async loss(): Promise<number> {
    return (await this.ask<{ loss: number }>({ loss: true })).loss;
  }

  /** Milliseconds of each of so many training steps. */
  async time(steps: number): Promise<number[]> {
    return (await this.ask<{ milliseconds: number[] }>({ time: steps })).milliseconds;
  }

  close(): void {
    this.#reader.close();
    this.#process.kill();
    rmSync(this.#folder, { recursive: true });
  }
}
