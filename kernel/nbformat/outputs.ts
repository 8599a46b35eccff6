import { z } from "zod";
import type { Output } from "./notebook.ts";

/** What a cell has shown so far. */
export interface CellOutputs {
  readonly executionCount: number | null;
  readonly shown: readonly Shown[];
  /** The next output takes the place of all these (clear_output with `wait`). */
  readonly clearing: boolean;
}

/** An output, and the name under which any cell may replace its data later. */
interface Shown {
  readonly output: Output;
  readonly displayId?: string;
}

/** What every cell of a notebook has shown, by the cells' ids. */
export type NotebookOutputs = ReadonlyMap<string, CellOutputs>;

/** Jupyter messaging: of the messages on iopub, those that change what is seen below a cell. */
const contents = {
  execute_input: z.object({ execution_count: z.int() }),
  stream: z.object({ name: z.string(), text: z.string() }),
  display_data: displayed(),
  update_display_data: displayed(),
  execute_result: displayed({ execution_count: z.int().nullable() }),
  error: z.object({ ename: z.string(), evalue: z.string(), traceback: z.array(z.string()) }),
  clear_output: z.object({ wait: z.boolean().default(false) }),
} as const;

function displayed<Shape extends z.ZodRawShape = Record<never, never>>(shape: Shape = {} as Shape) {
  return z.object({
    ...shape,
    data: z.record(z.string(), z.unknown()),
    metadata: z.record(z.string(), z.unknown()).default({}),
    transient: z.object({ display_id: z.string().optional() }).default({}),
  });
}

const nothing: CellOutputs = { executionCount: null, shown: [], clearing: false };

/** A cell begins to run: what it showed before is gone. */
export function beginCell(all: NotebookOutputs, cell: string): NotebookOutputs {
  return new Map(all).set(cell, nothing);
}

/**
 * Adds what a kernel says to what a notebook shows. Pure: the former state stays as it was, and parts that did not
 * change are the same objects.
 * @param cell whose code the message belongs to (its parent header)
 * @param type, content of a message on iopub; other types, and content that breaks the protocol, change nothing
 */
export function foldOutput(all: NotebookOutputs, cell: string, type: string, content: unknown): NotebookOutputs {
  if (!Object.hasOwn(contents, type)) return all;
  const known = type as keyof typeof contents;
  const parsed = contents[known].safeParse(content);
  if (!parsed.success) return all;
  if (known === "update_display_data") return updateDisplays(all, parsed.data as Displayed);
  return new Map(all).set(cell, foldCell(all.get(cell) ?? nothing, known, parsed.data));
}

type Displayed = z.output<(typeof contents)["display_data"]>;
type Contents = { [Type in keyof typeof contents]: z.output<(typeof contents)[Type]> };

function foldCell(before: CellOutputs, type: keyof typeof contents, content: unknown): CellOutputs {
  switch (type) {
    case "execute_input":
      return { ...before, executionCount: (content as Contents["execute_input"]).execution_count };
    case "clear_output":
      return (content as Contents["clear_output"]).wait
        ? { ...before, clearing: true }
        : { ...before, shown: [], clearing: false };
    case "stream":
      return addStream(before, content as Contents["stream"]);
    case "error":
      return add(before, { output: { output_type: "error", ...(content as Contents["error"]) } });
    case "execute_result": {
      const { data, metadata, transient, execution_count } = content as Contents["execute_result"];
      return add(before, named({ output_type: "execute_result", execution_count, data, metadata }, transient));
    }
    default: {
      const { data, metadata, transient } = content as Displayed;
      return add(before, named({ output_type: "display_data", data, metadata }, transient));
    }
  }
}

function named(output: Output, { display_id }: Displayed["transient"]): Shown {
  return display_id === undefined ? { output } : { output, displayId: display_id };
}

function add(before: CellOutputs, shown: Shown): CellOutputs {
  return { ...before, shown: before.clearing ? [shown] : [...before.shown, shown], clearing: false };
}

/** Text goes on where the same stream was written last. */
function addStream(before: CellOutputs, { name, text }: Contents["stream"]): CellOutputs {
  const last = before.clearing ? undefined : before.shown.at(-1)?.output;
  if (last?.output_type !== "stream" || last.name !== name)
    return add(before, { output: { output_type: "stream", name, text } });
  const output: Output = { ...last, text: last.text + text };
  return { ...before, shown: [...before.shown.slice(0, -1), { output }] };
}

/** Gives every display of that name new data, in whatever cell it is. */
function updateDisplays(all: NotebookOutputs, { data, metadata, transient }: Displayed): NotebookOutputs {
  const id = transient.display_id;
  if (id === undefined) return all;
  const changed = [...all].filter(([, { shown }]) => shown.some(({ displayId }) => displayId === id));
  if (changed.length === 0) return all;
  const update = (one: Shown): Shown =>
    one.displayId === id ? { ...one, output: { ...one.output, data, metadata } as Output } : one;
  const updated = new Map(all);
  for (const [cell, before] of changed) updated.set(cell, { ...before, shown: before.shown.map(update) });
  return updated;
}

/** The outputs of a cell as a notebook file has them. */
export function outputsOf({ shown }: CellOutputs): Output[] {
  return shown.map(({ output }) => output);
}
