import { expect, test } from "vitest";
import { drawInside, traceRequestOf } from "../../../editor/client/graph/inside.ts";
import type { TracedGraph } from "../../../src/core/trace.ts";
import { catalog } from "./catalog.ts";

const graph: TracedGraph = {
  type: "Both",
  inputs: { images: ["batch", 32, 32, 3] },
  outputs: { loss: { node: "head", port: "loss" } },
  nodes: [
    {
      id: "encoder",
      type: "Encoder",
      config: { dim: 16 },
      inputs: { images: { port: "images" } },
      outputs: { features: ["batch", 16] },
      weights: 9,
      trainable: 0,
    },
    {
      id: "head",
      type: "Head",
      config: { dim: 16 },
      inputs: { features: { node: "encoder", port: "features" } },
      outputs: { loss: [], features: ["batch", 16] },
      weights: 0,
      trainable: 0,
    },
  ],
};

test("an inside is drawn from its inputs through its calls to its outputs, left to right", () => {
  const { nodes, edges } = drawInside(graph, catalog);
  expect(nodes.map((node) => node.kind)).toEqual(["input", "call", "call", "output"]);
  const lefts = nodes.map((node) => node.position[0]);
  expect(lefts).toEqual([...lefts].sort((a, b) => a - b));
  expect(edges.map((edge) => edge.shape)).toEqual([["batch", 32, 32, 3], ["batch", 16], []]);
  expect(nodes.map((node) => node.opens)).toEqual([false, true, false, false]);
});

test("opening a block of an inside asks for it with the shapes on its inputs, frozen if all of it is", () => {
  expect(traceRequestOf(graph, graph.nodes[0]!)).toEqual({
    type: "Encoder",
    config: { dim: 16 },
    inputs: { images: ["batch", 32, 32, 3] },
    frozen: true,
  });
  expect(traceRequestOf(graph, graph.nodes[1]!)).toMatchObject({ inputs: { features: ["batch", 16] }, frozen: false });
});
