import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { freeSpace } from "../../../../files/freeSpace.ts";

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  signal?: AbortSignal;
}

/** How a program ended, and what it wrote. */
export interface Ran {
  /** The exit code; null if it could not be started or was ended. */
  code: number | null;
  out: string;
  err: string;
}

/** The machine that an installation needs to know of. */
export interface Machine {
  platform: string;
  arch: string;
  /** Version of the GNU C library; undefined where the system has another. */
  glibc: string | undefined;
  /** Version of Node's interface for addons. */
  napi: number;
  /** Whether NVIDIA's driver is loaded. */
  nvidia: boolean;
  /** Bytes free where a folder is, or where it will be. */
  freeBytes(folder: string): Promise<number>;
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Ran>;
}

/** This machine. */
export function thisMachine(): Machine {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return {
    platform: process.platform,
    arch: process.arch,
    glibc: header.glibcVersionRuntime,
    napi: Number(process.versions.napi),
    nvidia: existsSync("/proc/driver/nvidia/version"),
    freeBytes: freeSpace,
    run,
  };
}

function run(program: string, args: readonly string[], { cwd, env, signal }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const ran: Ran = { code: null, out: "", err: "" };
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      signal,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (data) => {
      ran.out += data;
    });
    child.stderr.on("data", (data) => {
      ran.err += data;
    });
    child.once("error", (error) => resolve({ ...ran, err: ran.err || error.message }));
    child.once("close", (code) => resolve({ ...ran, code }));
  });
}
