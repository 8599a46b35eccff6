import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkNotebook,
  emptyNotebook,
  type NotebookFile,
  parseNotebook,
  printNotebook,
} from "../../kernel/nbformat/notebook.ts";
import { beginCell, foldOutput, type NotebookOutputs, outputsOf } from "../../kernel/nbformat/outputs.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { jsonObject } from "./jsonArbitrary.ts";

interface Told {
  cell: string;
  type: string;
  content: unknown;
}

const cells = ["a", "b", "c"];
const data = fc.dictionary(fc.constantFrom("text/plain", "text/html", "image/png"), fc.string(), { minKeys: 1 });
const transient = fc.record({ display_id: fc.constantFrom("x", "y") }, { requiredKeys: [] });
const shows = fc.record({ data, metadata: fc.constant({}), transient });

const told: fc.Arbitrary<Told> = fc
  .oneof(
    fc.tuple(fc.constant("stream"), fc.record({ name: fc.constantFrom("stdout", "stderr"), text: fc.string() })),
    fc.tuple(fc.constantFrom("display_data", "update_display_data"), shows),
    fc.tuple(
      fc.constant("execute_result"),
      fc.tuple(shows, fc.nat()).map(([shown, n]) => ({ ...shown, execution_count: n })),
    ),
    fc.tuple(fc.constant("error"), fc.constant({ ename: "Error", evalue: "no", traceback: ["no"] })),
    fc.tuple(fc.constant("clear_output"), fc.record({ wait: fc.boolean() })),
    fc.tuple(fc.constant("execute_input"), fc.record({ code: fc.string(), execution_count: fc.nat() })),
    fc.tuple(fc.constantFrom("status", "comm_msg", "stream", "error", "__proto__"), fc.constantFrom({}, null, 1, [])),
  )
  .chain(([type, content]) => fc.constantFrom(...cells).map((cell) => ({ cell, type, content })));

function fold(messages: readonly Told[], from: NotebookOutputs = new Map()): NotebookOutputs {
  return messages.reduce((all, { cell, type, content }) => foldOutput(all, cell, type, content), from);
}

function outputs(all: NotebookOutputs, cell: string) {
  return outputsOf(all.get(cell) ?? { executionCount: null, shown: [], clearing: false });
}

function shown(cell: string, text: string, display_id?: string): Told {
  const transient = display_id === undefined ? {} : { display_id };
  return { cell, type: "display_data", content: { data: { "text/plain": text }, metadata: {}, transient } };
}

const clear = (wait: boolean): Told => ({ cell: "a", type: "clear_output", content: { wait } });

describe("what cells show", () => {
  test("has a stream's text whole, in however many pieces it came", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (pieces) => {
        const messages = pieces.map((text) => ({ cell: "a", type: "stream", content: { name: "stdout", text } }));
        const expected = pieces.length === 0 ? [] : [{ output_type: "stream", name: "stdout", text: pieces.join("") }];
        expect(outputs(fold(messages), "a")).toEqual(expected);
      }),
    );
  });

  test("keeps the order of two streams that take turns", () => {
    const say = (name: string, text: string) => ({ cell: "a", type: "stream", content: { name, text } });
    const all = fold([say("stdout", "1"), say("stdout", "2"), say("stderr", "3"), say("stdout", "4")]);
    expect(outputs(all, "a").map((output) => (output as { text: string }).text)).toEqual(["12", "3", "4"]);
  });

  test("changes with its display's name, in every cell that shows it, and nowhere else", () => {
    fc.assert(
      fc.property(fc.array(told), data, (messages, updated) => {
        const before = fold(messages);
        const content = { data: updated, metadata: { seen: true }, transient: { display_id: "x" } };
        const after = foldOutput(before, "nowhere", "update_display_data", content);
        for (const [cell, { shown }] of after)
          for (const [index, { output, displayId }] of shown.entries()) {
            const former = before.get(cell)!.shown[index]!;
            if (displayId === "x")
              expect(output).toEqual({ ...former.output, data: updated, metadata: { seen: true } });
            else expect(output).toBe(former.output);
          }
        expect(after.has("nowhere")).toBe(false);
      }),
    );
  });

  test("is gone at once when it is cleared, or when the next output comes", () => {
    const said = shown("a", "old", "x");
    expect(outputs(fold([said, clear(false)]), "a")).toEqual([]);
    const waiting = fold([said, clear(true)]);
    expect(outputs(waiting, "a")).toHaveLength(1);
    const update = {
      cell: "a",
      type: "update_display_data",
      content: { ...(said.content as object), data: { "text/plain": "new" } },
    };
    expect(outputs(fold([update], waiting), "a")).toMatchObject([{ data: { "text/plain": "new" } }]);
    expect(outputs(fold([shown("a", "next")], waiting), "a")).toMatchObject([{ data: { "text/plain": "next" } }]);
    const stream = { cell: "a", type: "stream", content: { name: "stdout", text: "next" } };
    expect(outputs(fold([stream, stream], waiting), "a")).toMatchObject([{ text: "nextnext" }]);
  });

  test("begins anew with each run of its cell, and leaves the others alone", () => {
    const before = fold([shown("a", "1"), shown("b", "2")]);
    const after = beginCell(before, "a");
    expect(after.get("a")).toEqual({ executionCount: null, shown: [], clearing: false });
    expect(after.get("b")).toBe(before.get("b"));
  });

  test("is never changed in place, and not at all by what breaks the protocol", () => {
    fc.assert(
      fc.property(fc.array(told), told, (messages, last) => {
        const before = fold(messages);
        const copy = structuredClone(before);
        fold([last], before);
        expect(before).toEqual(copy);
        expect(foldOutput(before, "a", last.type, null)).toBe(before);
      }),
    );
  });

  test("is a valid notebook's, whatever was said", () => {
    fc.assert(
      fc.property(fc.array(told), (messages) => {
        const all = fold(messages);
        const code = cells.map((id) => ({
          cell_type: "code" as const,
          id,
          metadata: {},
          source: "",
          execution_count: all.get(id)?.executionCount ?? null,
          outputs: outputs(all, id),
        }));
        const notebook: NotebookFile = { ...emptyNotebook(), cells: code };
        expect(parseNotebook(printNotebook(notebook), "it")).toEqual(notebook);
      }),
    );
  });
});

const source = fc.string({ unit: fc.constantFrom("a", "\n", "é", "\r", "\u2028") });

describe("a notebook's file", () => {
  test("is the same after being read and written", () => {
    fc.assert(
      fc.property(fc.array(source), jsonObject, (sources, metadata) => {
        const made = sources.map((text, index) => ({
          cell_type: "markdown" as const,
          id: `cell-${index}`,
          metadata: JSON.parse(JSON.stringify(metadata)),
          source: text,
          attachments: { "a.png": { "image/png": "aGk=" } },
        }));
        const notebook = { ...emptyNotebook({ kernelspec: { name: "flamingo" } }), cells: made };
        const printed = printNotebook(notebook);
        expect(parseNotebook(printed, "it")).toEqual(notebook);
        expect(printNotebook(parseNotebook(printed, "it"))).toBe(printed);
      }),
    );
  });

  test("has texts as lists of lines, and keys in order, as Jupyter writes them", () => {
    const notebook = parseNotebook(
      JSON.stringify({
        nbformat_minor: 5,
        nbformat: 4,
        metadata: {},
        cells: [{ source: "a\nb", metadata: {}, id: "x", cell_type: "raw" }],
      }),
      "it",
    );
    expect(printNotebook(notebook)).toBe(`{
 "cells": [
  {
   "cell_type": "raw",
   "id": "x",
   "metadata": {},
   "source": [
    "a\\n",
    "b"
   ]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`);
  });

  test("gets ids for cells that lack them, or have another's", () => {
    const cell = (id?: string) => ({ cell_type: "raw", metadata: {}, source: "", ...(id ? { id } : {}) });
    const { cells, nbformat_minor } = checkNotebook(
      { nbformat: 4, nbformat_minor: 2, metadata: {}, cells: [cell(), cell("a"), cell("a")] },
      "it",
    );
    expect(nbformat_minor).toBe(5);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(3);
    expect(cells[1]!.id).toBe("a");
  });

  test.each([
    ["[", "it is not JSON"],
    ["[]", "Invalid input"],
    ['{"nbformat": 3, "worksheets": []}', "it has nbformat 3, expected 4"],
    ['{"nbformat": 4, "nbformat_minor": 5, "cells": [{"cell_type": "code"}]}', "cells.0.source"],
  ])("is refused in words where it is none: %s", (text, reason) => {
    const { code, message } = refusalOf(() => parseNotebook(text, "a.ipynb"));
    expect(code).toBe("INVALID_NOTEBOOK");
    expect(message).toContain("a.ipynb");
    expect(message).toContain(reason);
  });
});
