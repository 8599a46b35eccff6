import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  doChange,
  noCellHistory,
  redoChange,
  undoChange,
} from "../../../../editor/client/notebook/document/cellHistory.ts";
import { type CellChange, changeCells, newCell, writeCell } from "../../../../editor/client/notebook/document/cells.ts";
import type { Cell } from "../../../../kernel/nbformat/notebook.ts";

const first: readonly Cell[] = ["a", "b", "c"].map((id) => newCell("code", `text of ${id}`, { id }));

const changes: fc.Arbitrary<CellChange> = fc.oneof(
  fc
    .record({ kind: fc.constant("insert" as const), at: fc.integer({ min: -1, max: 6 }), id: fc.uuid() })
    .map(({ kind, at, id }): CellChange => ({ kind, at, cell: newCell("markdown", "new", { id }) })),
  fc.record({ kind: fc.constant("remove" as const), id: fc.constantFrom("a", "b", "c", "none") }),
  fc.record({
    kind: fc.constant("move" as const),
    id: fc.constantFrom("a", "b", "c", "none"),
    to: fc.integer({ min: -2, max: 6 }),
  }),
  fc.record({
    kind: fc.constant("retype" as const),
    id: fc.constantFrom("a", "b", "c"),
    type: fc.constantFrom("code" as const, "markdown" as const, "raw" as const),
  }),
);

describe("changes of cells", () => {
  test("are taken back by their inverse", () => {
    fc.assert(
      fc.property(changes, (change) => {
        const changed = changeCells(first, change);
        if (changed) expect(changeCells(changed.cells, changed.inverse)!.cells).toEqual(first);
      }),
    );
  });

  test("are undone one by one to the beginning, and done again to the end", () => {
    fc.assert(
      fc.property(fc.array(changes, { maxLength: 12 }), (list) => {
        let [cells, history] = [first, noCellHistory];
        for (const change of list) {
          const done = doChange(history, cells, change);
          if (done) ({ cells, history } = done);
        }
        const end = cells;
        for (let back = undoChange(history, cells); back; back = undoChange(history, cells))
          ({ cells, history } = back);
        expect(cells).toEqual(first);
        for (let on = redoChange(history, cells); on; on = redoChange(history, cells)) ({ cells, history } = on);
        expect(cells).toEqual(end);
      }),
    );
  });

  test("keep what was written since when they are undone", () => {
    const turned = doChange(noCellHistory, first, { kind: "retype", id: "b", type: "markdown" })!;
    const written = writeCell(turned.cells, "b", "other words");
    expect(undoChange(turned.history, written)!.cells[1]).toMatchObject({ cell_type: "code", source: "other words" });
  });

  test("leave the other cells the same objects", () => {
    const written = writeCell(first, "b", "other words");
    expect(written[0]).toBe(first[0]);
    expect(written[2]).toBe(first[2]);
    expect(writeCell(first, "b", first[1]!.source)).toBe(first);
  });
});
