import { type ParseArgsConfig, parseArgs } from "node:util";
import { FlamingoError } from "../core/errors.ts";
import type { Home } from "../runs/home.ts";
import type { Execution } from "./execution.ts";

/** Where a command writes: the terminal, or what a test reads. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What every command has at hand. */
export interface CommandContext {
  home: Home;
  out: Output;
  err: Output;
  /** Loads all that computes, when a command needs it: `--help` does not wait for it. */
  execution(): Promise<Execution>;
  /** Calls `stop` when the person wants the command to end. Returns what takes that back. */
  onInterrupt(stop: () => void): () => void;
}

/** One command of `flamingo`. */
export interface Command {
  help: string;
  /** Returns the exit code. */
  run(args: string[], context: CommandContext): Promise<number>;
}

/** Exit code of a command that a person interrupted, as shells have it. */
export const interruptedCode = 130;

type Options = NonNullable<ParseArgsConfig["options"]>;
type Arguments<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true; strict: true }>
>;

/**
 * Reads a command's arguments.
 * @param usage the command's form, for the fix
 * @throws FlamingoError USAGE
 */
export function readArguments<O extends Options>(args: string[], options: O, usage: string): Arguments<O> {
  try {
    return parseArgs({ args: joinNegative(args), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(complaint(error as Error & { code?: string }), usage);
  }
}

/** `--seed -1` as `--seed=-1`, so that it is the number which is refused. */
function joinNegative(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1);
    if (/^-\d/.test(arg) && before?.startsWith("--") && !before.includes("=")) joined.push(`${joined.pop()}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

/** What is wrong with the arguments, in our words: those of Node speak to whoever wrote the program. */
function complaint({ code, message }: Error & { code?: string }): string {
  const option = /'(-[^\s']+)/.exec(message)?.[1];
  if (option === undefined) return message.split(/\. |\n/)[0]!;
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `there is no option ${option}`;
  return message.includes("does not take") ? `${option} takes no value` : `${option} needs a value`;
}

/**
 * Reads a whole number that an option was given.
 * @throws FlamingoError USAGE
 */
export function readWhole(name: string, text: string | undefined, least: number, usage: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw usageError(`--${name} is "${text}", expected a whole number of at least ${least}`, usage);
}

export function usageError(message: string, usage: string): FlamingoError {
  return new FlamingoError("USAGE", message, { fix: `call it as ${usage}` });
}
