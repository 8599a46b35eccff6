import { describe, expect, test } from "vitest";
import { z } from "zod";
import { count } from "../../src/core/configFields.ts";
import { defineBlock } from "../../src/core/defineBlock.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { float32, int32, optional } from "../../src/core/port.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { definePrimitive } from "../../src/engine/readings/primitive.ts";
import { insideCounts } from "../../src/graph/parameterCounts.ts";
import { trace } from "../../src/graph/trace.ts";
import { refusalOf } from "../core/refusalOf.ts";

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
    weight("new", [outDim], { kind: "zeros" }, { new: true });
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
      child(`last.${layer}`, Matrix, { inDim: dim, outDim: 3 }, { frozen: "pretrained", pretrained: true }),
    );
    return ({ x }) => ({ y: last[0]!({ x: matrix({ x: matrix({ x }) }) }), same: x });
  },
});

describe("a traced block", () => {
  const graph = trace(Twice, { dim: 4 }, { inputs: { x: ["batch", 4] } });

  test("has a node for each call, connected as its code calls them; calls of one child share its weights", () => {
    expect(Object.entries(graph.nodes).map(([id, { type, shares }]) => [id, type, shares])).toEqual([
      ["matrix", "Matrix", undefined],
      ["matrix_call2", "Matrix", "matrix"],
      ["last.0", "Matrix", undefined],
    ]);
    expect(graph.edges).toEqual([
      { from: ["inputs", "x"], to: ["matrix", "x"] },
      { from: ["matrix", "y"], to: ["matrix_call2", "x"] },
      { from: ["matrix_call2", "y"], to: ["last.0", "x"] },
      { from: ["last.0", "y"], to: ["outputs", "y"] },
      { from: ["inputs", "x"], to: ["outputs", "same"] },
    ]);
  });

  test("has the ports that were given, with the sizes of the configuration", () => {
    expect(Object.keys(graph.inputs)).toEqual(["x"]);
    expect(graph.inputs.x!.shape).toBe("batch 4");
    expect(graph.outputs.y!.shape).toBe("batch 3");
  });

  test("keeps what is frozen in it", () => {
    expect(graph.nodes["last.0"]!.frozen).toBe("pretrained");
    expect(graph.nodes.matrix!.frozen).toBeUndefined();
  });

  test("counts the parameters of each node, and how many of them are trained", () => {
    const counts = insideCounts(graph, describeWeights(Twice, { dim: 4 }));
    expect(Object.values(counts).map(({ weights, trainable }) => [weights, trainable])).toEqual([
      [20, 20],
      [20, 20],
      [15, 3],
    ]);
    const frozen = insideCounts(graph, describeWeights(Twice, { dim: 4 }, { frozen: true }));
    expect(Object.values(frozen).map(({ trainable }) => trainable)).toEqual([0, 0, 0]);
  });

  test("is refused for a primitive, which has no inside", () => {
    expect(refusalOf(() => trace(Matrix, { inDim: 2, outDim: 3 }))).toMatchObject({
      code: "NOT_FOUND",
      block: "Matrix",
    });
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
    const refusal = refusalOf(() =>
      trace(Twice, { dim: 4 }, { inputs: inputs as Record<string, (number | string)[]> }),
    );
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
    expect(refusalOf(() => trace(Outer, { dim: 4 }, { inputs: { x: [1, 4] } }))).toMatchObject({
      block: "inner",
      message: expect.stringContaining('Matrix at "inner"'),
    });
  });

  test("a configuration that breaks its rules, with the field", () => {
    expect(refusalOf(() => trace(Twice, { dim: 0 }, { inputs: { x: [1, 4] } }))).toMatchObject({
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
