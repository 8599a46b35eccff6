import { SourceMap, type SourceMapPayload } from "node:module";
import type * as TypeScript from "typescript";
import type { Emitted } from "./lazyProgram.ts";
import { typescript as ts } from "./tslabModules.ts";

/** A place in a cell, both counted from 1. */
export interface Place {
  line: number;
  column: number;
}

interface CellSource {
  code: string;
  emitted: Emitted;
  /** Of what tslab's executor puts before the script, on its first line. */
  wrapper: number;
  /** Of the script, without what the executor puts behind it. */
  lines: number;
  maps?: [script: SourceMap, module: SourceMap];
}

/** How much of cells' text is kept, in characters. */
const most = 16_000_000;

/**
 * The cells that were run: their code, and where in it a place of the script that ran lies. Functions of old cells may throw
 * at any time, so cells are kept as long as there is room.
 */
export class CellSources {
  readonly #cells = new Map<string, CellSource>();
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

  add(name: string, code: string, emitted: Emitted, script: string, isAsync: boolean): void {
    const lines = script.trimEnd().split("\n").length;
    const wrapper = (isAsync ? "(async function(exports, require) { " : "(function(exports, require) { ").length;
    const cell = { code, emitted, wrapper, lines };
    this.#cells.set(name, cell);
    this.#size += sizeOf(cell);
    for (const [oldest, source] of this.#cells) {
      if (this.#size <= this.#most || oldest === name) break;
      this.#cells.delete(oldest);
      this.#size -= sizeOf(source);
    }
  }

  has(name: string): boolean {
    return this.#cells.has(name);
  }

  /** Where in a cell's own code a place of its script is; undefined for what only starts the script. */
  place(name: string, line: number, column: number): Place | undefined {
    const cell = this.#cells.get(name);
    if (!cell || line > cell.lines) return undefined;
    cell.maps ??= mapsOf(cell.emitted);
    const [script, module] = cell.maps;
    const inModule = script.findEntry(line - 1, column - 1 - (line === 1 ? cell.wrapper : 0));
    if (!("originalLine" in inModule)) return undefined;
    const inCode = module.findEntry(inModule.originalLine, inModule.originalColumn);
    if (!("originalLine" in inCode)) return undefined;
    // The compiler saw the code below a line of its own.
    return { line: Math.max(inCode.originalLine, 1), column: inCode.originalColumn + 1 };
  }

  /** The lines around a place, numbered, with a caret under it. */
  excerpt(name: string, { line, column }: Place): string[] {
    const code = this.#cells.get(name)?.code;
    return code === undefined ? [] : excerptOf(code, { line, column }, 1, 1);
  }
}

function sizeOf({ code, emitted }: CellSource): number {
  return code.length + emitted.code.length + emitted.map.length + emitted.declarations.length;
}

/**
 * The lines of code around a place, numbered, with carets under what starts there.
 * @param around how many lines before and after
 * @param length of what is marked
 */
export function excerptOf(code: string, { line, column }: Place, around: number, length: number): string[] {
  const lines = code.split("\n");
  const last = Math.min(lines.length, line + around);
  const width = String(last).length;
  const excerpt: string[] = [];
  for (let number = Math.max(1, line - around); number <= last; number++) {
    const text = lines[number - 1] ?? "";
    excerpt.push(`${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`.trimEnd());
    if (number !== line) continue;
    const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
    const carets = "^".repeat(Math.max(1, Math.min(length, text.length - column + 1)));
    excerpt.push(`  ${" ".repeat(width)} | ${indent}${carets}`);
  }
  return excerpt;
}

/** The map from script to ES module, which tslab does not keep, and that from ES module to TypeScript. */
function mapsOf({ code, map }: Emitted): [SourceMap, SourceMap] {
  const { sourceMapText } = ts.transpileModule(code, {
    fileName: "cell.js",
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
      target: ts.ScriptTarget.ES2022,
      newLine: ts.NewLineKind.LineFeed,
      noImplicitUseStrict: true,
      sourceMap: true,
    } as TypeScript.CompilerOptions,
  });
  const read = (text: string) => new SourceMap(JSON.parse(text) as SourceMapPayload);
  return [read(sourceMapText ?? "{}"), read(map)];
}
