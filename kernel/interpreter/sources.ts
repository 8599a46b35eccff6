import { SourceMap, type SourceMapPayload } from "node:module";
import { excerptOf, type Place } from "../compiler/excerpt.ts";

/** A text that was compiled and runs: a cell, or a file beside the notebook. */
interface Source {
  /** As it was written. */
  code: string;
  /** The source map of what runs; empty where that is the code itself. */
  map: string;
  /** Lines that the compiler saw before the first. */
  linesBefore: number;
  /** Characters before the code on the first line, where there is no map. */
  shift: number;
  read?: SourceMap;
}

/** How much of cells' text is kept, in characters. */
const most = 16_000_000;

/**
 * The cells and files that were run: their code, and where in it a place of what runs lies. Functions of old cells may throw
 * at any time, so they are kept as long as there is room.
 */
export class Sources {
  readonly #sources = new Map<string, Source>();
  readonly #most: number;
  #size = 0;
  #execution = -1;
  /** How often code without a number of its own was run since. */
  #unnumbered = 0;

  constructor(mostCharacters = most) {
    this.#most = mostCharacters;
  }

  /**
   * A name for code that is about to run, in stack traces: no two have the same. Silent cells and user expressions are run with
   * the number of the cell before them, so after `In[2]` come `In[2.1]`, `In[2.2]`.
   */
  name(execution: number): string {
    this.#unnumbered = execution === this.#execution ? this.#unnumbered + 1 : 0;
    this.#execution = execution;
    return this.#unnumbered === 0 ? `In[${execution}]` : `In[${execution}.${this.#unnumbered}]`;
  }

  add(name: string, code: string, map: string, { linesBefore = 0, shift = 0 } = {}): void {
    this.#forget(name);
    const source = { code, map, linesBefore, shift };
    this.#sources.set(name, source);
    this.#size += sizeOf(source);
    for (const oldest of this.#sources.keys()) {
      if (this.#size <= this.#most || oldest === name) break;
      this.#forget(oldest);
    }
  }

  has(name: string): boolean {
    return this.#sources.has(name);
  }

  /** Where in the code as it was written a place of what runs is; undefined for what only starts it. */
  place(name: string, line: number, column: number): Place | undefined {
    const source = this.#sources.get(name);
    if (!source) return undefined;
    if (source.map === "") return { line, column: line === 1 ? column - source.shift : column };
    source.read ??= new SourceMap(JSON.parse(source.map) as SourceMapPayload);
    const entry = source.read.findEntry(line - 1, column - 1);
    if (!("originalLine" in entry)) return undefined;
    return { line: Math.max(entry.originalLine + 1 - source.linesBefore, 1), column: entry.originalColumn + 1 };
  }

  /** The lines around a place, numbered, with a caret under it. */
  excerpt(name: string, { line, column }: Place): string[] {
    const code = this.#sources.get(name)?.code;
    return code === undefined ? [] : excerptOf(code, { line, column }, 1, 1);
  }

  #forget(name: string): void {
    const source = this.#sources.get(name);
    if (!source) return;
    this.#size -= sizeOf(source);
    this.#sources.delete(name);
  }
}

function sizeOf({ code, map }: Source): number {
  return code.length + map.length;
}
