import { expect, test } from "vitest";
import { drawInside, traceRequestOf } from "../../../editor/client/graph/inside.ts";
import type { Inside } from "../../../editor/shared/protocol.ts";
import { catalog } from "./catalog.ts";

const port = (shape: string, doc: string) => ({ shape, dtype: "float32" as const, doc, optional: false });
const inside: Inside = {
  graph: {
    config: {},
    inputs: { images: port("batch 32 32 3", "images") },
    outputs: { loss: port("", "the loss") },
    nodes: {
      encoder: { type: "Encoder", config: { dim: 16 } },
      head: { type: "Head", config: { dim: 16 } },
    },
    edges: [
      { from: ["inputs", "images"], to: ["encoder", "images"] },
      { from: ["encoder", "features"], to: ["head", "features"] },
      { from: ["head", "loss"], to: ["outputs", "loss"] },
    ],
    view: { positions: {} },
  },
  nodes: { encoder: { weights: 9, trainable: 0 }, head: { weights: 0, trainable: 0 } },
};
const request = { inputs: { images: ["batch", 32, 32, 3] } };

test("an inside is drawn from its inputs through its calls to its outputs, left to right", () => {
  const { nodes, edges } = drawInside(inside, request, catalog);
  expect(nodes.map((node) => node.kind)).toEqual(["input", "call", "call", "output"]);
  const lefts = nodes.map((node) => node.position[0]);
  expect(lefts).toEqual([...lefts].sort((a, b) => a - b));
  expect(edges.map((edge) => edge.shape)).toEqual([["batch", 32, 32, 3], ["batch", 16], []]);
  expect(nodes.map((node) => node.opens)).toEqual([false, true, false, false]);
});

test("opening a block of an inside asks for it with the shapes on its inputs, frozen if all of it is", () => {
  const { nodes } = drawInside(inside, request, catalog);
  expect(traceRequestOf(nodes[1]!, undefined)).toEqual({
    type: "Encoder",
    config: { dim: 16 },
    inputs: { images: ["batch", 32, 32, 3] },
    frozen: true,
  });
  expect(traceRequestOf(nodes[2]!, undefined)).toMatchObject({ inputs: { features: ["batch", 16] }, frozen: false });
});
