import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDelta, combine, diff, invert } from "../../../editor/client/edit/delta.ts";
import { noHistory, record, redo, seal, undo } from "../../../editor/client/edit/history.ts";
import { addGroup, addNote, changeGroup, changeNote } from "../../../src/graph/edit/annotations.ts";
import * as edit from "../../../src/graph/edit/drawnGraph.ts";
import type { GraphBlock } from "../../../src/graph/graph.ts";
import { type Pipeline, writePipeline } from "../../../src/pipeline/schema.ts";
import { chain } from "./catalog.ts";

type Edit = (pipeline: Pipeline) => Pipeline;

const someNode = (pipeline: Pipeline, pick: number) => Object.keys(pipeline.nodes)[pick % 7] ?? "none";
const rotate = <T>(list: T[], by: number) => [...list.slice(by), ...list.slice(0, by)];
/** A block of the pipeline's own. */
const block: GraphBlock = { config: {}, inputs: {}, outputs: {}, nodes: {}, edges: [], view: { positions: {} } };
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
  fc.nat(6).map(
    (pick): Edit =>
      (pipeline) => ({ ...pipeline, nodes: Object.fromEntries(rotate(Object.entries(pipeline.nodes), pick)) }),
  ),
  fc.tuple(fc.constantFrom("Mine", "Yours"), fc.string({ maxLength: 9 })).map(
    ([name, title]): Edit =>
      (pipeline) => ({ ...pipeline, blocks: { ...pipeline.blocks, [name]: { ...block, title } } }),
  ),
  fc.constantFrom("Mine", "Yours").map(
    (name): Edit =>
      (pipeline) => {
        const { [name]: _gone, ...blocks } = pipeline.blocks;
        return { ...pipeline, blocks };
      },
  ),
  fc.string({ maxLength: 9 }).map(
    (name): Edit =>
      (pipeline) => ({ ...pipeline, name }),
  ),
  fc.tuple(fc.string({ maxLength: 9 }), fc.nat(99)).map(
    ([text, x]): Edit =>
      (pipeline) =>
        addNote(pipeline, { text, color: "yellow", size: [200, 100] }, [x, 0]).graph,
  ),
  fc.tuple(fc.constantFrom("note:1", "group:1"), fc.string({ maxLength: 9 })).map(
    ([id, text]): Edit =>
      (pipeline) =>
        changeGroup(changeNote(pipeline, id, { text }), id, { title: text }),
  ),
  fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }).map(
    (picks): Edit =>
      (pipeline) =>
        addGroup(
          pipeline,
          picks.map((pick) => someNode(pipeline, pick)),
          { title: "Mine", color: "teal" },
        )?.graph ?? pipeline,
  ),
  fc.constantFrom("note:1", "note:2", "group:1").map(
    (id): Edit =>
      (pipeline) =>
        edit.removeNodes(pipeline, [id]),
  ),
);

/** Equal as files, byte for byte: this includes the order of nodes, which `toEqual` does not look at. */
function expectSame(actual: Pipeline, expected: Pipeline): void {
  expect(actual).toEqual(expected);
  expect(writePipeline(actual)).toBe(writePipeline(expected));
}

describe("changes", () => {
  test("a change and its inverse lead there and back, whatever was done", () => {
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 12 }), (list) => {
        const after = list.reduce((pipeline, change) => change(pipeline), chain);
        const delta = diff(chain, after);
        expectSame(applyDelta(chain, delta), after);
        expectSame(applyDelta(after, invert(delta)), chain);
      }),
    );
  });

  test("two changes combined are the two in turn", () => {
    fc.assert(
      fc.property(edits, edits, (one, two) => {
        const middle = one(chain);
        const end = two(middle);
        const both = combine(diff(chain, middle), diff(middle, end));
        expectSame(applyDelta(chain, both), end);
        expectSame(applyDelta(end, invert(both)), chain);
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
        expectSame(pipeline, chain);
        for (let on = redo(history, pipeline); on; on = redo(history, pipeline)) ({ history, pipeline } = on);
        expectSame(pipeline, end);
      }),
    );
  });

  test("undoing a removal puts the node back in its place in the file", () => {
    const removed = edit.removeNodes(chain, ["pictures"]);
    const back = undo(record(noHistory, chain, removed, "Remove"), removed)!;
    expectSame(back.pipeline, chain);
  });

  test("a change of order or of the pipeline's own blocks alone is a step", () => {
    const turned = { ...chain, nodes: Object.fromEntries(rotate(Object.entries(chain.nodes), 1)) };
    expectSame(undo(record(noHistory, chain, turned, "Order"), turned)!.pipeline, chain);
    const withBlock = { ...chain, blocks: { Mine: block } };
    expectSame(undo(record(noHistory, chain, withBlock, "Block"), withBlock)!.pipeline, chain);
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
