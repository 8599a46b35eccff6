import { findSourceMap } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { FlamingoError } from "../../src/core/errors.ts";
import type { Place } from "../compiler/excerpt.ts";
import type { CellError } from "./interpreter.ts";
import type { Sources } from "./sources.ts";

type PrepareStackTrace = NonNullable<typeof Error.prepareStackTrace>;

const cellPlace = /(In\[[\d.]+\]):(\d+):(\d+)/;

/**
 * Makes every stack trace tell places of cells in the cells' own lines, also those that a cell prints by itself.
 * @returns what undoes it
 */
export function tellSourcesInStackTraces(sources: Sources): () => void {
  const previous = Error.prepareStackTrace;
  const isOwn = (site: NodeJS.CallSite) => sources.has(nameOf(site)) || cellPlace.test(String(site));
  const prepare: PrepareStackTrace = (error, sites) => {
    // Below the lowest frame of a cell or a file beside the notebook is only what runs cells.
    const lowest = sites.findLastIndex(isOwn);
    if (previous && lowest < 0) return previous(error, sites);
    const own = lowest < 0 ? sites : sites.slice(0, lowest + 1);
    const lines = own.flatMap((site) => {
      const frame = String(site);
      if (!isOwn(site)) return [inSource(frame, site)];
      const name = nameOf(site);
      // What is known still is lines of the script only, and nobody sees those.
      if (!sources.has(name)) return [frame.replace(cellPlace, "$1")];
      const [line, column] = [site.getLineNumber() ?? 1, site.getColumnNumber() ?? 1];
      const place = sources.place(name, line, column);
      return place ? [frame.replace(`:${line}:${column}`, `:${place.line}:${place.column}`)] : [];
    });
    return [headOf(error), ...lines.map((line) => `    at ${line}`)].join("\n");
  };
  Error.prepareStackTrace = prepare;
  return () => {
    if (Error.prepareStackTrace === prepare) Error.prepareStackTrace = previous as PrepareStackTrace;
  };
}

function nameOf(site: NodeJS.CallSite): string {
  return site.getFileName() ?? site.getScriptNameOrSourceURL?.() ?? "";
}

function headOf(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "Error";
  }
}

/** A frame of a module in the lines of what it was compiled from, as Node does it where nobody prepares stack traces. */
function inSource(frame: string, site: NodeJS.CallSite): string {
  const file = site.getFileName();
  const [line, column] = [site.getLineNumber(), site.getColumnNumber()];
  if (!file || !line || !column) return frame;
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1);
  if (!entry || !("originalLine" in entry)) return frame;
  const { originalSource, originalLine, originalColumn } = entry;
  const source =
    file.startsWith("file:") || !URL.canParse(originalSource) ? originalSource : fileURLToPath(originalSource);
  return frame.replace(`${file}:${line}:${column}`, `${source}:${originalLine + 1}:${originalColumn + 1}`);
}

/** Frames that say nothing to whoever wrote the cell. */
const machinery = ["node:", "/node_modules/tslab/", "/node_modules/@tslab/", dirname(import.meta.dirname)];

/** What a cell threw, for a person: what it was, the line of the cell, and what it was called from. */
export function thrownError(thrown: unknown, sources: Sources): CellError {
  const { name, message } = describe(thrown);
  const frames = framesOf(thrown, sources);
  const head = message ? `${name}: ${message}` : name;
  return {
    name,
    message,
    traceback: [...head.split("\n"), ...excerptOf(frames, sources), ...frames, ...causesOf(thrown, sources)],
    thrown,
  };
}

function describe(thrown: unknown): { name: string; message: string } {
  if (thrown instanceof FlamingoError) return { name: thrown.name, message: thrown.toString() };
  if (isError(thrown)) return { name: String(thrown.name || "Error"), message: String(thrown.message) };
  return { name: "Thrown", message: inspect(thrown, { depth: 2 }) };
}

/** Also errors of another realm, of a worker for instance. */
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

/**
 * The frames that say something to whoever wrote the cell: of an error made for a person, which tells by itself what to mend,
 * those in cells only.
 */
function framesOf(thrown: unknown, sources: Sources, ofCells = thrown instanceof FlamingoError): string[] {
  const stack = isError(thrown) && typeof thrown.stack === "string" ? thrown.stack : "";
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .filter((frame) => {
      if (cellPlace.test(frame) || sources.has(placeIn(frame)?.name ?? "")) return true;
      return !(ofCells || machinery.some((part) => frame.includes(part)));
    });
}

/** Where a line of a stack trace says that it is. */
function placeIn(frame: string): (Place & { name: string }) | undefined {
  const [, name, line, column] = /(?:\(|at (?:async )?)([^()]+):(\d+):(\d+)\)?$/.exec(frame) ?? [];
  return name ? { name, line: Number(line), column: Number(column) } : undefined;
}

function excerptOf(frames: string[], sources: Sources): string[] {
  for (const frame of frames) {
    const place = placeIn(frame);
    if (!place || !sources.has(place.name)) continue;
    return [`${place.name}, line ${place.line}:`, ...sources.excerpt(place.name, place)];
  }
  return [];
}

function causesOf(thrown: unknown, sources: Sources): string[] {
  const lines: string[] = [];
  let cause = isError(thrown) ? thrown.cause : undefined;
  let ours = thrown instanceof FlamingoError;
  for (let depth = 0; cause !== undefined && depth < 5; depth++) {
    const { name, message } = describe(cause);
    ours ||= cause instanceof FlamingoError;
    lines.push(`Caused by ${name}: ${message}`, ...framesOf(cause, sources, ours));
    cause = isError(cause) ? cause.cause : undefined;
  }
  if (thrown instanceof AggregateError)
    for (const error of thrown.errors) {
      const { name, message } = describe(error);
      lines.push(`- ${name}: ${message}`);
    }
  return lines;
}
