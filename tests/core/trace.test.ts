import { describe, expect, test } from "vitest";
import { z } from "zod";
import { count, defineBlock } from "../../src/core/block.ts";
import { float32, int32, optional } from "../../src/core/port.ts";
import { describeWeights, sizeOf, trace } from "../../src/core/trace.ts";
import { definePrimitive } from "../../src/engine/readings/primitive.ts";
import { refusalOf } from "./refusalOf.ts";

const Matrix = definePrimitive({
  name: "Matrix",
  title: "Matrix",
  category: "Tensor",
  summary: "A matrix.",
  config: z.strictObject({ inDim: count("In", "In."), outDim: count("Out", "Out.") }),
  example: { inDim: 2, outDim: 3 },
  inputs: { x: float32("...lead inDim", "x"), scale: optional(float32("", "a scale")) },
  outputs: { y: float32("...lead outDim", "y") },
  build: ({ inDim, outDim }, { weight }) => {
    weight("weight", [outDim, inDim], { kind: "zeros" });
    weight("new", [outDim], { kind: "zeros" }, { neverFrozen: true });
    return ({ x }) => x;
  },
});

const Twice = defineBlock({
  name: "Twice",
  title: "Twice",
  category: "Tensor",
  summary: "The same matrix twice, then another.",
  config: z.strictObject({ dim: count("Width", "Width."), layers: count("Layers", "Layers.").default(1) }),
  example: { dim: 4 },
  inputs: {
    x: float32("batch dim", "x"),
    skip: optional(float32("batch dim", "y")),
    ids: optional(int32("batch", "ids")),
  },
  outputs: { y: float32("batch 3", "y"), same: float32("batch dim", "what came in") },
  build: ({ dim, layers }, { child }) => {
    const matrix = child("matrix", Matrix, { inDim: dim, outDim: dim });
    const last = Array.from({ length: layers }, (_, layer) =>
      child(`last.${layer}`, Matrix, { inDim: dim, outDim: 3 }, { frozen: true }),
    );
    return ({ x }) => ({ y: last[0]!({ x: matrix({ x: matrix({ x }) }) }), same: x });
  },
});

describe("a traced block", () => {
  const graph = trace(Twice, { dim: 4 }, { x: ["batch", 4] });

  test("has a node for each call, wired as its code calls them", () => {
    expect(graph.nodes.map(({ id, type, inputs }) => ({ id, type, inputs }))).toEqual([
      { id: "matrix", type: "Matrix", inputs: { x: { port: "x" } } },
      { id: "matrix#2", type: "Matrix", inputs: { x: { node: "matrix", port: "y" } } },
      { id: "last.0", type: "Matrix", inputs: { x: { node: "matrix#2", port: "y" } } },
    ]);
    expect(graph.outputs).toEqual({ y: { node: "last.0", port: "y" }, same: { port: "x" } });
  });

  test("has solved shapes, with names where sizes are not known", () => {
    expect(graph.nodes.map(({ outputs }) => outputs.y)).toEqual([
      ["batch", 4],
      ["batch", 4],
      ["batch", 3],
    ]);
  });

  test("says how many numbers each node holds, and how many of them learn", () => {
    expect(graph.nodes.map(({ weights, trainable }) => [weights, trainable])).toEqual([
      [20, 20],
      [20, 20],
      [15, 3],
    ]);
  });

  test("learns nothing where the whole block is frozen", () => {
    expect(trace(Twice, { dim: 4 }, { x: ["batch", 4] }, true).nodes.map(({ trainable }) => trainable)).toEqual([
      0, 0, 0,
    ]);
  });

  test("has no nodes if it is a primitive", () => {
    expect(trace(Matrix, { inDim: 2, outDim: 3 }, { x: [5, 2] }).nodes).toEqual([]);
  });

  test("is plain data", () => {
    expect(JSON.parse(JSON.stringify(graph))).toEqual(graph);
  });
});

describe("what does not fit is refused, with the block's name and a fix:", () => {
  test.each([
    ["a missing input", {}, "MISSING_INPUT", /Twice got no "x"/],
    ["an unknown input", { x: [1, 4], z: [1] }, "UNKNOWN_PORT", /Twice has no input "z"/],
    ["an input named like what every object has", { x: [1, 4], toString: [1] }, "UNKNOWN_PORT", /"toString"/],
    ["a wrong size", { x: [2, 5] }, "SHAPE_MISMATCH", /dim = 4 \(from config\.dim of Twice\).*axis 1.*5/],
    ["sizes that disagree", { x: [2, 4], skip: [3, 4] }, "SHAPE_MISMATCH", /batch = 2.*axis 0.*3/],
    ["a wrong number of dimensions", { x: [4] }, "SHAPE_MISMATCH", /needs 2 dimensions.*gives 1/],
  ])("%s", (_, inputs, code, message) => {
    const refusal = refusalOf(() => trace(Twice, { dim: 4 }, inputs as Record<string, (number | string)[]>));
    expect(refusal).toMatchObject({ code, block: "Twice", message: expect.stringMatching(message) });
    expect(refusal.fix).toMatch(/\S/);
  });

  test("a wrong size inside, with the place", () => {
    const Outer = defineBlock({
      ...Twice,
      name: "Outer",
      build: (_config, { child }) => {
        const inner = child("inner", Matrix, { inDim: 9, outDim: 3 });
        return ({ x }) => ({ y: inner({ x }), same: x });
      },
    });
    expect(refusalOf(() => trace(Outer, { dim: 4 }, { x: [1, 4] }))).toMatchObject({
      block: "inner",
      message: expect.stringContaining('Matrix at "inner"'),
    });
  });

  test("a configuration that breaks its rules, with the field", () => {
    expect(refusalOf(() => trace(Twice, { dim: 0 }, { x: [1, 4] }))).toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringContaining("config.dim of Twice"),
    });
  });
});

describe("weights by their description", () => {
  test("cost no memory, however large they are", () => {
    const weights = describeWeights(Matrix, { inDim: 1e9, outDim: 1e9 });
    expect(weights.map(sizeOf)).toEqual([1e18, 1e9]);
  });

  test("are refused where their number alone would hang the studio", () => {
    expect(refusalOf(() => describeWeights(Twice, { dim: 4, layers: 1e9 }))).toMatchObject({
      code: "INVALID_CONFIG",
      fix: "set fewer layers",
    });
  });
});
