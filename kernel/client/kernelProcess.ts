import { type ChildProcess, spawn } from "node:child_process";
import type { Kernelspec } from "./kernelspec.ts";

export interface LaunchOptions {
  /** The kernel's current folder. */
  cwd: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
}

/** How a kernel's process ended. */
export interface Ending {
  /** `with code 1`, `by SIGKILL`, `because spawn ENOENT`. */
  how: string;
  /** The last of what it wrote outside of the protocol. */
  output: string;
}

const mostOutput = 4096;
const alive = new Set<KernelProcess>();
// Nothing is left running by whoever started it, however that ends (short of SIGKILL: see JPY_PARENT_PID below).
process.on("exit", () => {
  for (const kernel of alive) kernel.kill();
});

/** Called with what a process writes outside of the protocol: its own, its children's and native libraries'. */
export type OutsideListener = (stream: "stdout" | "stderr", text: string) => void;

/** A kernel's process. */
export class KernelProcess {
  readonly ended: Promise<Ending>;
  /** Set once it has ended. */
  ending: Ending | undefined;
  readonly #child: ChildProcess;
  #output = "";

  /** @param connectionFile says where the kernel listens */
  constructor(spec: Kernelspec, connectionFile: string, { cwd, env }: LaunchOptions, onOutside: OutsideListener) {
    const [program, ...args] = spec.argv.map((part) => part.replaceAll("{connection_file}", connectionFile));
    this.#child = spawn(program!, args, {
      cwd,
      // The variable by which kernels learn whose end they follow.
      env: { ...process.env, ...spec.env, ...env, JPY_PARENT_PID: String(process.pid) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32", // a terminal's Ctrl-C is for us, who interrupt by message
      windowsHide: true,
    });
    for (const stream of ["stdout", "stderr"] as const)
      this.#child[stream]?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-mostOutput);
        onOutside(stream, text);
      });
    alive.add(this);
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        alive.delete(this);
        this.ending = { how, output: this.#output.trim() };
        resolve(this.ending);
      };
      this.#child.once("exit", (code, signal) => end(signal ? `by ${signal}` : `with code ${code}`));
      this.#child.once("error", (error) => end(`because ${error.message}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the process and what it started, at once. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  /** For kernels that are interrupted by a signal. */
  interrupt(): void {
    this.#signal("SIGINT");
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      if (process.platform === "win32") this.#child.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // It has just ended.
    }
  }
}
