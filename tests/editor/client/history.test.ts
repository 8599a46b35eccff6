import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDelta, combine, diff, invert } from "../../../editor/client/edit/delta.ts";
import { noHistory, record, redo, seal, undo } from "../../../editor/client/edit/history.ts";
import * as edit from "../../../editor/client/edit/operations.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { chain } from "./catalog.ts";

type Edit = (pipeline: Pipeline) => Pipeline;

const someNode = (pipeline: Pipeline, pick: number) => Object.keys(pipeline.nodes)[pick % 7] ?? "none";
const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(999), fc.nat(999)).map(
    ([x, y]): Edit =>
      (pipeline) =>
        edit.addNode(pipeline, edit.freshId(pipeline, "Head"), { type: "Head", config: {} }, [x, y]),
  ),
  fc.nat(6).map(
    (pick): Edit =>
      (pipeline) =>
        edit.removeNodes(pipeline, [someNode(pipeline, pick)]),
  ),
  fc.tuple(fc.nat(6), fc.nat(64)).map(
    ([pick, value]): Edit =>
      (pipeline) =>
        edit.changeNode(pipeline, someNode(pipeline, pick), (node) => edit.setField(node, "dim", value)),
  ),
  fc.tuple(fc.nat(6), fc.nat(6)).map(
    ([from, to]): Edit =>
      (pipeline) =>
        edit.connect(pipeline, {
          from: [someNode(pipeline, from), "features"],
          to: [someNode(pipeline, to), "features"],
        }),
  ),
  fc.nat(6).map(
    (pick): Edit =>
      (pipeline) =>
        edit.disconnect(pipeline, pipeline.edges.slice(pick, pick + 1)),
  ),
  fc.string({ maxLength: 9 }).map(
    (name): Edit =>
      (pipeline) => ({ ...pipeline, name }),
  ),
);

describe("changes", () => {
  test("a change and its inverse lead there and back, whatever was done", () => {
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 12 }), (list) => {
        const after = list.reduce((pipeline, change) => change(pipeline), chain);
        const delta = diff(chain, after);
        expect(applyDelta(chain, delta)).toEqual(after);
        expect(applyDelta(after, invert(delta))).toEqual(chain);
      }),
    );
  });

  test("two changes combined are the two in turn", () => {
    fc.assert(
      fc.property(edits, edits, (one, two) => {
        const middle = one(chain);
        const end = two(middle);
        const both = combine(diff(chain, middle), diff(middle, end));
        expect(applyDelta(chain, both)).toEqual(end);
        expect(applyDelta(end, invert(both))).toEqual(chain);
      }),
    );
  });
});

describe("history", () => {
  test("undoing everything gives the beginning, redoing everything the end", () => {
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 12 }), (list) => {
        let pipeline = chain;
        let history = noHistory;
        for (const change of list) {
          const next = change(pipeline);
          history = record(history, pipeline, next, "Edit");
          pipeline = next;
        }
        const end = pipeline;
        for (let back = undo(history, pipeline); back; back = undo(history, pipeline)) ({ history, pipeline } = back);
        expect(pipeline).toEqual(chain);
        for (let on = redo(history, pipeline); on; on = redo(history, pipeline)) ({ history, pipeline } = on);
        expect(pipeline).toEqual(end);
      }),
    );
  });

  test("typing into one field is one step back, until the field is left", () => {
    const type = (pipeline: Pipeline, dim: number) =>
      edit.changeNode(pipeline, "encoder", (node) => edit.setField(node, "dim", dim));
    const one = type(chain, 1);
    const two = type(one, 12);
    const three = type(two, 13);
    let history = record(record(noHistory, chain, one, "Width", "dim"), one, two, "Width", "dim");
    history = record(seal(history), two, three, "Width", "dim");
    expect(history.past).toHaveLength(2);
    const back = undo(history, three)!;
    expect(back.pipeline).toEqual(two);
    expect(undo(back.history, back.pipeline)!.pipeline).toEqual(chain);
  });

  test("a change that changes nothing is not noted, and a new one forgets what was undone", () => {
    expect(record(noHistory, chain, { ...chain }, "Nothing")).toBe(noHistory);
    const named = { ...chain, name: "Other" };
    const back = undo(record(noHistory, chain, named, "Rename"), named)!;
    expect(back.history.future).toHaveLength(1);
    expect(record(back.history, chain, named, "Rename").future).toHaveLength(0);
  });
});
