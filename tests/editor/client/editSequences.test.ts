import fc from "fast-check";
import { expect, test } from "vitest";
import { noHistory, record, redo, undo } from "../../../editor/client/edit/history.ts";
import { FlamingoError } from "../../../src/core/errors.ts";
import { checkPipeline } from "../../../src/graph/check.ts";
import { changeInside, type Extent, type OpenBlock } from "../../../src/graph/edit/changeInside.ts";
import { collapse } from "../../../src/graph/edit/collapse.ts";
import { addNode, changeNode, freshId, removeNodes, setField } from "../../../src/graph/edit/drawnGraph.ts";
import { expand } from "../../../src/graph/edit/expand.ts";
import { type EditedGraph, freshBlockName, withoutUnused } from "../../../src/graph/edit/place.ts";
import type { GraphBlock, GraphBlocks } from "../../../src/graph/graph.ts";
import { catalogWith, nestingProblem, withGraphBlocks } from "../../../src/graph/graphBlock.ts";
import { topologicalOrder } from "../../../src/graph/order.ts";
import { trace } from "../../../src/graph/trace.ts";
import { emptyPipeline, type Pipeline, readPipeline, writePipeline } from "../../../src/pipeline/schema.ts";
import { catalog as library, withWire } from "../../graph/edit/randomGraph.ts";

/** An edit of a graph, whichever it is: a pipeline or an inside. It may bring blocks along. */
type Edit = (graph: EditedGraph, blocks: GraphBlocks) => { graph: EditedGraph; blocks?: GraphBlocks };

const types = ["LayerNorm", "FeedForward", "Gelu", "Add", "TanhGate", "EncoderLayer"];
const configs: Record<string, object> = {
  LayerNorm: { dim: 8 },
  FeedForward: { dim: 8 },
  EncoderLayer: { dim: 8, heads: 2, headDim: 4 },
};

const additions = fc.constantFrom(...types).map(
  (type): Edit =>
    (graph) => {
      const node = { type, config: (configs[type] ?? {}) as never, ...(graph.inputs ? { pretrained: false } : {}) };
      return { graph: addNode(graph, freshId(graph, type), node, [0, 0]) };
    },
);

const others: fc.Arbitrary<Edit>[] = [
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(
    (pick): Edit =>
      (graph, blocks) => {
        const known = catalogWith(library, blocks);
        return { graph: { ...graph, edges: withWire({ ...graph, blocks }, pick, known).edges } };
      },
  ),
  fc.nat().map(
    (pick): Edit =>
      (graph) => ({ graph: removeNodes(graph, [nodeAt(graph, pick)]) }),
  ),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 9 })).map(
    ([pick, dim]): Edit =>
      (graph) => ({ graph: changeNode(graph, nodeAt(graph, pick), (node) => setField(node, "dim", dim)) }),
  ),
  fc.nat().map(
    (pick): Edit =>
      (graph, blocks) => {
        const chosen = Object.keys(graph.nodes).filter((_id, at) => (pick >> (at % 16)) & 1);
        const catalog = catalogWith(library, blocks);
        const name = freshBlockName(catalog, "Mine");
        const made = collapse(graph, chosen, { name }, catalog);
        return { graph: made.graph, blocks: { ...blocks, [name]: made.block } };
      },
  ),
  fc.nat().map(
    (pick): Edit =>
      (graph, blocks) => {
        const id = nodeAt(graph, pick);
        return { graph: expand(graph, id, insideOf(graph, id, blocks)).graph };
      },
  ),
];

const edits = fc.oneof({ weight: 4, arbitrary: additions }, ...others);

function nodeAt(graph: EditedGraph, pick: number): string {
  const ids = Object.keys(graph.nodes);
  return ids[pick % Math.max(1, ids.length)] ?? "none";
}

/** @throws FlamingoError for what has no inside */
function insideOf(graph: EditedGraph, id: string, blocks: GraphBlocks): GraphBlock {
  const node = graph.nodes[id];
  const block = node && withGraphBlocks(blocks)(node.type);
  if (!node || !block) throw new FlamingoError("NOT_FOUND", "there is no such node", {});
  return blocks[node.type] ?? trace(block, node.config as never, { find: withGraphBlocks(blocks) });
}

interface Step {
  edit: Edit;
  /** Nodes that are opened before it. */
  way: number[];
  extent: Extent["kind"];
}

const steps: fc.Arbitrary<Step> = fc.record({
  edit: edits,
  way: fc.array(fc.nat(), { maxLength: 2 }),
  extent: fc.constantFrom("here", "everywhere", "named"),
});

/** Carries out a step as the editor does; the pipeline as it is where the step is refused. */
function take(pipeline: Pipeline, { edit, way, extent }: Step): Pipeline {
  try {
    const path: OpenBlock[] = [];
    let graph: EditedGraph = pipeline;
    for (const pick of way) {
      const node = nodeAt(graph, pick);
      const type = graph.nodes[node]?.type ?? "";
      const inside = insideOf(graph, node, pipeline.blocks);
      path.push({ step: { node }, graph: inside, ...(type in pipeline.blocks ? { own: type } : {}) });
      graph = inside;
    }
    const { graph: next, blocks = pipeline.blocks } = edit(graph, pipeline.blocks);
    if (path.length === 0) return withoutUnused({ ...pipeline, ...next, blocks } as Pipeline);
    const name = freshBlockName(catalogWith(library, blocks), "Named");
    const chosen: Extent = extent === "named" ? { kind: "named", name } : { kind: extent };
    return changeInside({ ...pipeline, blocks } as Pipeline, path, next as GraphBlock, chosen, library);
  } catch (error) {
    if (error instanceof FlamingoError) return pipeline;
    throw error;
  }
}

const graphsOf = (pipeline: Pipeline) => [pipeline, ...Object.values(pipeline.blocks)];

test("no sequence of edits, insides too, makes a cycle or a block that holds itself; all of it is saved and comes back", () => {
  let [changes, insides] = [0, 0];
  fc.assert(
    fc.property(fc.array(steps, { minLength: 8, maxLength: 30 }), (list) => {
      const end = list.reduce(take, emptyPipeline());
      for (const graph of graphsOf(end)) expect(topologicalOrder(graph).cycle).toBeUndefined();
      expect(nestingProblem(end.blocks)).toBeUndefined();
      expect(checkPipeline(end, library).filter(({ code }) => code === "CYCLE" || code === "CONFLICT")).toEqual([]);
      const file = writePipeline(end);
      expect(writePipeline(readPipeline(file, "the test"))).toBe(file);
      changes += Object.keys(end.nodes).length;
      insides += Object.keys(end.blocks).length;
    }),
  );
  expect(changes).toBeGreaterThan(100);
  expect(insides).toBeGreaterThan(20);
});

test("undoing all of a sequence of edits, insides too, restores the file byte for byte, and doing it again its end", () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 4, maxLength: 20 }), (list) => {
      let pipeline = emptyPipeline();
      let history = noHistory;
      const begin = writePipeline(pipeline);
      for (const step of list) {
        const next = take(pipeline, step);
        history = record(history, pipeline, next, "Edit");
        pipeline = next;
      }
      const end = writePipeline(pipeline);
      for (let back = undo(history, pipeline); back; back = undo(history, pipeline)) ({ history, pipeline } = back);
      expect(writePipeline(pipeline)).toBe(begin);
      for (let on = redo(history, pipeline); on; on = redo(history, pipeline)) ({ history, pipeline } = on);
      expect(writePipeline(pipeline)).toBe(end);
    }),
  );
});

test("what `checkConnection` accepts compiles, or lacks inputs only", () => {
  const wires = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 20 });
  const nodes = fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(nodes, wires, (list, picks) => {
      const add = (graph: Pipeline, type: string) =>
        addNode(graph, freshId(graph, type), { type, config: (configs[type] ?? {}) as never }, [0, 0]);
      const wired = picks.reduce((graph, pick) => withWire(graph, pick), list.reduce(add, emptyPipeline()));
      expect(checkPipeline(wired, library).filter(({ code }) => code !== "MISSING_INPUT")).toEqual([]);
    }),
  );
});
