import { z } from "zod";
import { FlamingoError } from "../../src/core/errors.ts";
import { type JsonLimits, parseLimitedJson } from "../../src/core/jsonText.ts";

/** Text, which files hold as one string or as a list of its lines. */
const text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(""))]);

/** MIME type → content. Text types may be lists of lines; JSON types are what they are. */
const mimeData = z.record(z.string(), z.unknown()).transform((data) => {
  const joined = Object.entries(data).map(([type, content]) => [
    type,
    isLines(type, content) ? content.join("") : content,
  ]);
  return Object.fromEntries(joined) as Record<string, unknown>;
});
const metadata = z.record(z.string(), z.unknown()).default({});
const executionCount = z.int().nullable().default(null);

const output = z.discriminatedUnion("output_type", [
  z.looseObject({ output_type: z.literal("stream"), name: z.string(), text }),
  z.looseObject({ output_type: z.literal("display_data"), data: mimeData, metadata }),
  z.looseObject({
    output_type: z.literal("execute_result"),
    execution_count: executionCount,
    data: mimeData,
    metadata,
  }),
  z.looseObject({
    output_type: z.literal("error"),
    ename: z.string(),
    evalue: z.string(),
    traceback: z.array(z.string()),
  }),
]);

const cellId = z.string().regex(/^[\w-]{1,64}$/);
const cell = z.discriminatedUnion("cell_type", [
  z.looseObject({
    cell_type: z.literal("code"),
    id: cellId.optional(),
    metadata,
    source: text,
    outputs: z.array(output).default([]),
    execution_count: executionCount,
  }),
  z.looseObject({ cell_type: z.literal("markdown"), id: cellId.optional(), metadata, source: text }),
  z.looseObject({ cell_type: z.literal("raw"), id: cellId.optional(), metadata, source: text }),
]);

const notebook = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.int().nonnegative(),
  metadata,
  cells: z.array(cell),
});

export type Output = z.output<typeof output>;
type ParsedCell = z.output<typeof cell>;
export type Cell = ParsedCell & { id: string };
export type CodeCell = Extract<Cell, { cell_type: "code" }>;
/** A notebook of nbformat 4.5: every cell has an id, every text is one string. */
export interface NotebookFile {
  nbformat: 4;
  nbformat_minor: number;
  metadata: Record<string, unknown>;
  cells: Cell[];
  [other: string]: unknown;
}

/** Far beyond what people write, and what programs do in a second. */
export const notebookLimits: JsonLimits = { depth: 200, values: 2_000_000, key: 100_000 };

/** The minor version that is written: the first whose cells have ids. */
const minor = 5;

/**
 * Reads the JSON of a notebook of nbformat 4. Cells of older minor versions get ids. What the format does not name is
 * kept as it is.
 * @param source where the text comes from, for errors
 * @throws FlamingoError INVALID_NOTEBOOK
 */
export function parseNotebook(text: string, source: string): NotebookFile {
  let value: unknown;
  try {
    value = parseLimitedJson(text, notebookLimits);
  } catch (error) {
    if (error instanceof FlamingoError) throw invalid(source, error.message, error.details.fix ?? "");
    throw invalid(source, `it is not JSON: ${(error as Error).message}`, "restore the file from a copy");
  }
  return checkNotebook(value, source);
}

/**
 * The same for JSON that is read already.
 * @throws FlamingoError INVALID_NOTEBOOK
 */
export function checkNotebook(value: unknown, source: string): NotebookFile {
  const major = (value as { nbformat?: unknown } | null)?.nbformat;
  if (typeof major === "number" && major !== 4)
    throw invalid(source, `it has nbformat ${major}, expected 4`, "open and save it in Jupyter, which converts it");
  const parsed = notebook.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw invalid(source, `${path.join(".") || "the file"}: ${message}`, "name a Jupyter notebook (.ipynb)");
  }
  const used = new Set<string>();
  const cells = parsed.data.cells.map((parsedCell): Cell => {
    const given = parsedCell.id;
    const id = given === undefined || used.has(given) ? newCellId() : given;
    used.add(id);
    return { ...parsedCell, id };
  });
  return { ...parsed.data, nbformat_minor: Math.max(minor, parsed.data.nbformat_minor), cells };
}

/** A new cell's id. */
export function newCellId(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** A notebook without cells, for a kernel. */
export function emptyNotebook(metadata: NotebookFile["metadata"] = {}): NotebookFile {
  return { nbformat: 4, nbformat_minor: minor, metadata, cells: [] };
}

/** The JSON of a notebook as Jupyter writes it: keys in order, texts as lists of lines, so that versions compare well. */
export function printNotebook(notebook: NotebookFile): string {
  const cells = notebook.cells.map((printed) => {
    const source = linesOf(printed.source);
    return printed.cell_type === "code"
      ? { ...printed, source, outputs: printed.outputs.map(printOutput) }
      : { ...printed, source };
  });
  return `${JSON.stringify(inOrder({ ...notebook, cells }), undefined, 1)}\n`;
}

function printOutput(shown: Output): object {
  if (shown.output_type === "stream") return { ...shown, text: linesOf(shown.text) };
  if (shown.output_type === "error") return shown;
  const data = Object.entries(shown.data).map(([type, content]) => {
    return [type, typeof content === "string" && isTextType(type) ? linesOf(content) : content];
  });
  return { ...shown, data: Object.fromEntries(data) };
}

/** Each line with the line feed that ends it. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function isLines(type: string, content: unknown): content is string[] {
  return !isJsonType(type) && Array.isArray(content) && content.every((line) => typeof line === "string");
}

function isJsonType(type: string): boolean {
  return type === "application/json" || type.endsWith("+json");
}

function isTextType(type: string): boolean {
  return type.startsWith("text/") || type === "image/svg+xml" || type === "application/javascript";
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}

function invalid(source: string, reason: string, fix: string): FlamingoError {
  return new FlamingoError("INVALID_NOTEBOOK", `${source} is no notebook that can be read: ${reason}`, { source, fix });
}
