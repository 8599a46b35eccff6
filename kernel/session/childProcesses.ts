import childProcess, { type ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { signalTrees } from "../wire/descendants.ts";
import { isTypeScript, loaderArguments } from "./typeScriptWorkers.ts";

type Stdio = string | (string | number | object | null | undefined)[] | undefined;
type Options = { stdio?: Stdio; detached?: boolean; maxBuffer?: number; encoding?: string | null };
type Stream = "stdout" | "stderr";

/** Told that the thread which runs cells waits for a process, and that it goes on. */
export interface Waiting {
  begin(others: number[]): void;
  end(): void;
}

const streams = ["stdout", "stderr"] as const;

/** Whether a child's stream is that of the kernel's process, which no front end sees. */
function inherits(stdio: Stdio, stream: Stream): boolean {
  const fd = stream === "stdout" ? 1 : 2;
  const own = Array.isArray(stdio) ? stdio[fd] : stdio;
  return own === "inherit" || own === fd || own === process[stream] || (own as { fd?: number } | undefined)?.fd === fd;
}

/** The same with pipes where the kernel's streams were. */
function piped(stdio: Stdio): { stdio: Stdio; shown: Stream[] } {
  const shown = streams.filter((stream) => inherits(stdio, stream));
  if (shown.length === 0) return { stdio, shown };
  const list = Array.isArray(stdio) ? [...stdio] : [stdio, stdio, stdio];
  for (const stream of shown) list[stream === "stdout" ? 1 : 2] = "pipe";
  return { stdio: list, shown };
}

/**
 * Makes processes that cells start behave as a person expects: what inherits the kernel's output shows below the cell, an
 * interrupt ends what the cell waits for, and none outlives the kernel, unless it is detached.
 */
export function adoptChildProcesses(waiting: Waiting): void {
  const running = new Set<ChildProcess>();
  adoptSpawned(running);
  adoptAwaited(running, waiting);
  process.on("exit", () => {
    const pids = [...running].flatMap(({ pid }) => pid ?? []);
    signalTrees(pids, "SIGTERM");
  });
  syncBuiltinESMExports();
}

function adoptSpawned(running: Set<ChildProcess>): void {
  const prototype = childProcess.ChildProcess.prototype as unknown as { spawn(options: Options): unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, options: Options): unknown {
    const { stdio, shown } = piped(options.stdio);
    const result = spawn.call(this, { ...options, stdio });
    // Read in the context of the cell that started it.
    for (const stream of shown) this[stream]?.on("data", (data: Buffer) => process[stream].write(data));
    if (!options.detached) {
      running.add(this);
      this.once("exit", () => running.delete(this));
    }
    return result;
  };
  const { fork } = childProcess;
  childProcess.fork = ((path: string | URL, ...rest: unknown[]) => {
    if (!isTypeScript(path)) return (fork as (...args: unknown[]) => ChildProcess)(path, ...rest);
    const args = Array.isArray(rest[0]) ? (rest[0] as string[]) : [];
    const options = (Array.isArray(rest[0]) ? rest[1] : rest[0]) as childProcess.ForkOptions | undefined;
    const execArgv = [...(options?.execArgv ?? process.execArgv), ...loaderArguments];
    return fork(path, args, { ...options, execArgv });
  }) as typeof fork;
}

function adoptAwaited(running: ReadonlySet<ChildProcess>, waiting: Waiting): void {
  const whileWaiting = <Result>(run: () => Result): Result => {
    waiting.begin([...running].flatMap(({ pid }) => pid ?? []));
    try {
      return run();
    } finally {
      waiting.end();
    }
  };
  const { spawnSync, execFileSync, execSync } = childProcess as unknown as Record<string, Run>;
  const changed = (run: Run, change: (run: Run, args: unknown[], options: Options) => unknown): Run => {
    return (...args) => {
      const at = args.findLastIndex((each) => typeof each === "object" && each !== null && !Array.isArray(each));
      const others = at < 0 ? args : args.toSpliced(at, 1);
      return whileWaiting(() => change(run, others, (args[at] ?? {}) as Options));
    };
  };
  Object.assign(childProcess, {
    spawnSync: changed(spawnSync!, spawnShown),
    execFileSync: changed(execFileSync!, executeShown),
    execSync: changed(execSync!, executeShown),
  });
}

type Run = (...args: unknown[]) => unknown;

function write(stream: Stream, text: unknown): void {
  if (typeof text === "string" || text instanceof Uint8Array) process[stream].write(text);
}

/** `spawnSync`, whose result has what was written. */
function spawnShown(run: Run, args: unknown[], options: Options): unknown {
  const { stdio, shown } = piped(options.stdio);
  if (shown.length === 0) return run(...args, options);
  const maxBuffer = options.maxBuffer ?? Number.POSITIVE_INFINITY;
  const result = run(...args, { ...options, stdio, maxBuffer }) as Record<string, unknown>;
  for (const stream of shown) {
    write(stream, result[stream]);
    result[stream] = null;
  }
  return result;
}

/** `execSync` and `execFileSync`, which return what was written to stdout, and show stderr where nobody says otherwise. */
function executeShown(run: Run, args: unknown[], options: Options): unknown {
  const { stdio, shown } = piped(options.stdio);
  if (shown.length === 0) return run(...args, options);
  const { stdio: asGiven, ...rest } = options;
  const others = shown.includes("stderr") ? rest : { ...rest, stdio };
  const isKept = !shown.includes("stdout") && (Array.isArray(asGiven) ? asGiven[1] === "pipe" : false);
  try {
    const output = run(...args, { ...others, maxBuffer: options.maxBuffer ?? Number.POSITIVE_INFINITY });
    if (isKept) return output;
    if (shown.includes("stdout")) write("stdout", output);
    return null;
  } catch (error) {
    if (shown.includes("stdout")) write("stdout", (error as { stdout?: unknown }).stdout);
    throw error;
  }
}
