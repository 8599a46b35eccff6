import { describe, expect, test } from "vitest";
import { checkConnection, checkPipeline } from "../../src/graph/check.ts";
import { solveShapes } from "../../src/graph/solve.ts";
import { pipelineOf, toyCatalog, whole, wire } from "./toyCatalog.ts";

const all = Object.fromEntries(Object.keys(toyCatalog).map((type) => [type.toLowerCase(), type]));

/** What is said to a wire drawn in a pipeline of one node of each type. */
function drawn(text: string, others: string[] = [], nodes: Parameters<typeof pipelineOf>[0] = all) {
  return checkConnection(pipelineOf(nodes, others), wire(text), toyCatalog);
}

describe("a wire", () => {
  test.each([
    ["pictures.images > encode.images", []],
    ["encode.features > read.x", []],
    ["widen.y > sum.a", ["sum.sum > look.x"]],
    ["sum.sum > join.first", []],
    ["pictures.ids > embed.ids", ["pictures.images > encode.images"]],
  ])("%s is taken", (text, others) => {
    expect(drawn(text, others)).toBeUndefined();
  });

  test.each([
    ["to its own node", "sum.sum > sum.a", [], "SELF_CONNECTION", /"sum" is connected to itself/],
    [
      "that is there already",
      "embed.x > read.x",
      ["embed.x > read.x"],
      "DUPLICATE_EDGE",
      /"embed\.x" is connected to "read\.x" already/,
    ],
    [
      "to a port that is taken",
      "widen.y > read.x",
      ["embed.x > read.x"],
      "PORT_OCCUPIED",
      /is connected to "embed\.x" already/,
    ],
    ["to a port that is not there", "embed.x > read.words", [], "UNKNOWN_PORT", /"read" \(Read\) has no input "words"/],
    ["from a port that is not there", "embed.y > read.x", [], "UNKNOWN_PORT", /"embed" \(Embed\) has no output "y"/],
    ["to a node that is not there", "embed.x > nobody.x", [], "NOT_FOUND", /node "nobody", which does not exist/],
    ["of another number type", "pictures.ids > look.x", [], "DTYPE_MISMATCH", /takes float32.*gives int32/],
    [
      "of another number of dimensions",
      "pictures.images > read.x",
      [],
      "SHAPE_MISMATCH",
      /needs 3 dimensions.*gives 4/,
    ],
    [
      "that closes a circle",
      "join.joined > sum.a",
      ["sum.sum > widen.x", "widen.y > join.first"],
      "CYCLE",
      /cycle: (sum → widen → join → sum|join → sum → widen → join|widen → join → sum → widen)/,
    ],
  ])("%s is told why: %s", (_, text, others, code, message) => {
    const problem = drawn(text, others);
    expect(problem).toMatchObject({ code, edge: others.length, message: expect.stringMatching(message) });
    expect(problem!.fix).toMatch(/\S/);
  });

  test("of another size names both sizes, where they came from, and how to mend it", () => {
    const problem = drawn("embed.x > widen.x", [], { ...all, widen: ["Widen", { inDim: 9 }] });
    expect(problem).toMatchObject({
      code: "SHAPE_MISMATCH",
      node: "widen",
      port: "x",
      expected: 9,
      actual: 8,
      edge: 0,
    });
    expect(problem!.message).toBe(
      'input "x" of "widen" needs inDim = 9 (from config.inDim of "widen") on axis 2, but output "x" of "embed" gives dim = 8 (from config.dim of "embed")',
    );
    expect(problem!.fix).toContain('set config.inDim of "widen" to 8');
  });

  test("is refused for a size that comes from far away", () => {
    const nodes = { pictures: "Pictures", encode: "Encode", embed: "Embed", sum: "Sum", look: "Look" };
    const wires = ["pictures.images > encode.images", "pictures.ids > embed.ids", "embed.x > sum.a"];
    expect(drawn("encode.features > sum.b", wires, { ...nodes, encode: ["Encode", { dim: 7 }] })).toMatchObject({
      code: "SHAPE_MISMATCH",
      expected: 8,
      actual: 7,
    });
    // The text's length is not known yet, so that it may be 16, the number of features.
    expect(drawn("encode.features > sum.b", wires, nodes)).toBeUndefined();
  });

  test("is not blamed for a circle or a mismatch that was there before", () => {
    const circle = ["sum.sum > widen.x", "widen.y > sum.a"];
    expect(drawn("pictures.images > encode.images", circle)).toBeUndefined();
    const mismatch = ["pictures.images > encode.images", "encode.features > widen.x", "widen.y > read.x"];
    expect(drawn("pictures.ids > embed.ids", mismatch)).toBeUndefined();
  });
});

describe("a pipeline", () => {
  const codes = (pipeline: Parameters<typeof checkPipeline>[0]) =>
    checkPipeline(pipeline, toyCatalog).map(({ code, node, edge }) => [code, node ?? edge]);

  test("that is whole has no problems", () => {
    expect(codes(whole)).toEqual([]);
  });

  test("is told of everything that is wrong with it, in the order in which a person would mend it", () => {
    const broken = pipelineOf(
      { ...all, odd: "Teleport", widen: ["Widen", { outDim: 8 }], encode: ["Encode", { patch: 0, deep: 1 }] },
      ["sum.sum > widen.x", "widen.y > sum.a", "pictures.images > read.media", "pictures.ids > look.x"],
    );
    const found = codes(broken).filter(([code]) => code !== "MISSING_INPUT");
    expect(found).toEqual(
      [
        ["INVALID_CONFIG", "encode"],
        ["UNKNOWN_BLOCK", "odd"],
        ["DTYPE_MISMATCH", "look"],
        ["CYCLE", "widen"],
        ["SHAPE_MISMATCH", "read"],
      ].map((each) => expect.arrayContaining(each)),
    );
  });

  test("knows every shape that follows from its wires and configurations", () => {
    const { inputs, outputs } = solveShapes(whole, toyCatalog);
    expect(inputs.read).toEqual({ x: [2, "length", 8], media: [2, 16, 8] });
    expect(outputs.unused).toEqual({ y: [2, "length", 16] });
  });

  test("with wires in another order has the same shapes, and as many conflicts or none", () => {
    const turned = { ...whole, edges: [...whole.edges].reverse() };
    expect(solveShapes(turned, toyCatalog)).toEqual(solveShapes(whole, toyCatalog));
  });
});
