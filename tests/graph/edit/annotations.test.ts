import fc from "fast-check";
import { expect, test } from "vitest";
import { computationOf } from "../../../src/graph/computation.ts";
import {
  addGroup,
  addNote,
  changeGroup,
  changeNote,
  groupIds,
  groupsOf,
  noteIds,
} from "../../../src/graph/edit/annotations.ts";
import { collapse } from "../../../src/graph/edit/collapse.ts";
import { removeNodes } from "../../../src/graph/edit/drawnGraph.ts";
import { expand } from "../../../src/graph/edit/expand.ts";
import { emptyPipeline, type Pipeline, readPipeline, writePipeline } from "../../../src/pipeline/schema.ts";
import { catalog, graphs } from "./randomGraph.ts";

type Edit = (pipeline: Pipeline) => Pipeline;

/** Some of a graph's nodes and notes, and with `groups` of its groups too. */
function some(pipeline: Pipeline, pick: number, groups = false): string[] {
  const ids = [...Object.keys(pipeline.nodes), ...noteIds(pipeline), ...(groups ? groupIds(pipeline) : [])];
  return ids.filter((_id, at) => (pick >> (at % 16)) & 1);
}

/** What is written and drawn beside the graph. */
const annotating: fc.Arbitrary<Edit> = fc.oneof(
  fc.string({ maxLength: 9 }).map(
    (text): Edit =>
      (pipeline) =>
        addNote(pipeline, { text, color: "yellow", size: [200, 90] }, [0, 300]).graph,
  ),
  fc.nat().map(
    (pick): Edit =>
      (pipeline) =>
        addGroup(pipeline, some(pipeline, pick, true), { title: "Mine", color: "grey" })?.graph ?? pipeline,
  ),
  fc.tuple(fc.nat(), fc.string({ maxLength: 9 })).map(
    ([pick, text]): Edit =>
      (pipeline) =>
        some(pipeline, pick, true).reduce(
          (next, id) => changeGroup(changeNote(next, id, { text }), id, { title: text }),
          pipeline,
        ),
  ),
  fc.nat().map(
    (pick): Edit =>
      (pipeline) =>
        removeNodes(pipeline, groupsOf(pipeline, some(pipeline, pick, true))),
  ),
);

/** What changes the graph itself. */
const rewiring: fc.Arbitrary<Edit> = fc.oneof(
  fc.nat().map(
    (pick): Edit =>
      (pipeline) =>
        removeNodes(pipeline, some(pipeline, pick & 3)),
  ),
  fc.nat().map(
    (pick): Edit =>
      (pipeline) => {
        try {
          const { graph, block } = collapse(pipeline, some(pipeline, pick), { name: "Mine" }, catalog);
          return { ...graph, blocks: { ...pipeline.blocks, Mine: block } };
        } catch {
          return pipeline;
        }
      },
  ),
  fc.nat().map(
    (pick): Edit =>
      (pipeline) => {
        const [id] = Object.keys(pipeline.nodes).filter((each) => pipeline.nodes[each]!.type === "Mine");
        return id === undefined || pick % 2 ? pipeline : expand(pipeline, id, pipeline.blocks.Mine!).graph;
      },
  ),
);

const pipelines = graphs.map((graph): Pipeline => ({ ...emptyPipeline(), ...graph, blocks: {} }));

test("notes and groups change nothing of what is computed", () => {
  fc.assert(
    fc.property(pipelines, fc.array(annotating, { maxLength: 12 }), (pipeline, edits) => {
      const after = edits.reduce((next, edit) => edit(next), pipeline);
      expect([after.nodes, after.edges, after.blocks]).toEqual([pipeline.nodes, pipeline.edges, pipeline.blocks]);
      const inside = { ...pipeline, config: {}, inputs: {}, outputs: {} };
      const [one, other] = [inside, { ...inside, view: after.view }].map((Mine) => computationOf(after, { Mine }));
      expect(one).toBe(other);
    }),
  );
});

test("whatever is done, a group has members, all of them on the canvas, and each in no other group; files keep it all", () => {
  let groups = 0;
  fc.assert(
    fc.property(
      pipelines,
      fc.array(fc.oneof({ weight: 3, arbitrary: annotating }, rewiring), { minLength: 4, maxLength: 16 }),
      (pipeline, edits) => {
        const after = edits.reduce((next, edit) => edit(next), pipeline);
        const members = Object.values(after.view.groups ?? {}).map((group) => group.members);
        const all = members.flat();
        expect(members.every(({ length }) => length > 0)).toBe(true);
        expect(new Set(all).size).toBe(all.length);
        expect(all.filter((id) => !(id in after.nodes) && !(id in (after.view.notes ?? {})))).toEqual([]);
        const file = writePipeline(after);
        expect(writePipeline(readPipeline(file, "the test"))).toBe(file);
        groups += members.length;
      },
    ),
  );
  expect(groups).toBeGreaterThan(20);
});

test("nodes that become a block, or come out of one, stay in their group", () => {
  const pipeline: Pipeline = {
    ...emptyPipeline(),
    nodes: { a: { type: "Gelu", config: {} }, b: { type: "Gelu", config: {} }, c: { type: "Gelu", config: {} } },
  };
  const grouped = addGroup(pipeline, ["a", "b", "c"], { title: "Mine", color: "grey" })!.graph;
  const { graph, id, block } = collapse(grouped, ["a", "b"], { name: "Mine" }, catalog);
  expect(graph.view.groups!["group:1"]!.members).toEqual(["c", id]);
  const back = expand({ ...graph, blocks: { Mine: block } }, id, block, (inner) => inner).graph;
  expect(back.view.groups!["group:1"]!.members).toEqual(["c", "a", "b"]);
});
