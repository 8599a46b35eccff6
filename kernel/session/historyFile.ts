import { appendFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolderSync } from "../../src/files/makeFolder.ts";
import { jupyterDataFolder } from "../protocol/dataFolder.ts";

/** A cell that was run. */
export interface HistoryEntry {
  /** Counts kernels, from 1. */
  session: number;
  /** The cell's number in its session. */
  line: number;
  input: string;
  /** The result as plain text, null where there was none. */
  output: string | null;
}

/** A line of the file: a kernel's start, or one of its cells. */
type Line = { kernel: string } | { kernel: string; line: number; input: string; output: string | null };

/** In UTF-16 units; a longer cell is not kept beyond its session. */
const longestKept = 100_000;

/** Where the history of all kernels is: in the studio's home where the environment names one, else with Jupyter's data. */
export function findHistoryFile(environment: Record<string, string | undefined>): string {
  return join(environment.FLAMINGO_HOME || join(jupyterDataFolder(environment), "flamingo"), "history.jsonl");
}

/**
 * The cells that kernels ran, in a file of JSON lines to which several kernels may append at once. A kernel's session number is
 * its place among the starts in the file, so none has to lock it. A file that cannot be written leaves this session's cells.
 */
export class HistoryFile {
  readonly #file: string;
  readonly #kernel: string;
  readonly #own: HistoryEntry[] = [];
  #session: number | undefined;

  /** @param kernel an id that no other kernel has */
  constructor(file: string, kernel: string) {
    this.#file = file;
    this.#kernel = kernel;
  }

  /** This kernel's session number. */
  get session(): number {
    this.#session ??= this.#start();
    return this.#session;
  }

  add(entry: Omit<HistoryEntry, "session">): void {
    this.#own.push({ session: this.session, ...entry });
    if (entry.input.length <= longestKept) this.#append({ kernel: this.#kernel, ...entry });
  }

  /** All cells, the oldest session first. */
  read(): HistoryEntry[] {
    const own = this.session;
    const others = entries(this.#lines()).filter((entry) => entry.session !== own);
    return [...others, ...this.#own].sort((a, b) => a.session - b.session);
  }

  #start(): number {
    // A line that a killed kernel left without its end would take this one into it.
    this.#append({ kernel: this.#kernel }, "\n");
    return sessions(this.#lines()).get(this.#kernel) ?? 1;
  }

  #append(line: Line, before = ""): void {
    try {
      makeFolderSync(dirname(this.#file));
      appendFileSync(this.#file, `${before}${JSON.stringify(line)}\n`, { mode: 0o600 });
    } catch {
      // The folder cannot be written, or the disk is full: no reason to refuse a cell.
    }
  }

  #lines(): Line[] {
    let text: string;
    try {
      text = readFileSync(this.#file, "utf8");
    } catch {
      return [];
    }
    return text.split("\n").flatMap((line) => readLine(line) ?? []);
  }
}

function readLine(text: string): Line | undefined {
  try {
    const { kernel, line, input, output = null } = JSON.parse(text);
    if (typeof kernel !== "string") return undefined;
    const isCell =
      Number.isInteger(line) && typeof input === "string" && (output === null || typeof output === "string");
    return isCell ? { kernel, line, input, output } : { kernel };
  } catch {
    return undefined; // the last line of a kernel that was killed, or the file's end
  }
}

/** Kernel id → session number. */
function sessions(lines: readonly Line[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const { kernel } of lines) if (!numbers.has(kernel)) numbers.set(kernel, numbers.size + 1);
  return numbers;
}

function entries(lines: readonly Line[]): HistoryEntry[] {
  const numbers = sessions(lines);
  return lines.flatMap((line) => {
    if (!("input" in line)) return [];
    return { session: numbers.get(line.kernel)!, line: line.line, input: line.input, output: line.output };
  });
}
