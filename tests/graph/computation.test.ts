import { expect, test } from "vitest";
import { computationOf, sameComputation } from "../../src/graph/computation.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";

const base = {
  format: "flamingo-pipeline",
  version: 2,
  name: "two layers",
  blocks: {
    Twice: {
      title: "Twice",
      inputs: { x: { shape: "batch dim" } },
      outputs: { y: { shape: "batch dim" } },
      nodes: { a: { type: "Linear", config: { inDim: 4, outDim: 4 } } },
      edges: [
        { from: ["inputs", "x"], to: ["a", "x"] },
        { from: ["a", "y"], to: ["outputs", "y"] },
      ],
    },
  },
  nodes: { first: { type: "Twice", label: "one" }, second: { type: "Twice", frozen: true } },
  edges: [{ from: ["first", "y"], to: ["second", "x"] }],
};

const hashed = (change: (copy: typeof base) => void = () => {}) => {
  const copy = structuredClone(base);
  change(copy);
  const pipeline = parsePipeline(copy, "test");
  return computationOf(pipeline, pipeline.blocks);
};

test("labels, titles, positions and the order of what is written are no part of what a graph computes", () => {
  const same = hashed((copy) => {
    copy.nodes.first.label = "other";
    copy.blocks.Twice.title = "Other";
    copy.blocks.Twice.edges.reverse();
    copy.nodes = { second: copy.nodes.second, first: copy.nodes.first };
    Object.assign(copy, { view: { positions: { first: [10, 20] } } });
  });
  expect(same).toBe(hashed());
});

test.each([
  [
    "a configuration inside a block",
    (copy: typeof base) => Object.assign(copy.blocks.Twice.nodes.a.config, { outDim: 5 }),
  ],
  ["an edge", (copy: typeof base) => copy.edges.pop()],
  ["what is frozen", (copy: typeof base) => Object.assign(copy.nodes.second, { frozen: false })],
  [
    "an id, which begins the names of weights",
    (copy: typeof base) => Object.assign(copy.nodes, { third: { type: "Twice" } }),
  ],
])("%s is", (_what, change) => {
  expect(hashed((copy) => void change(copy))).not.toBe(hashed());
});

test("two pipelines compute the same exactly if their texts are equal, blocks of their own included", () => {
  const read = (copy: typeof base) => parsePipeline(copy, "test");
  const [one, renamed, other] = [structuredClone(base), structuredClone(base), structuredClone(base)];
  renamed.name = "another name";
  other.blocks.Twice.nodes.a.config.outDim = 5;
  expect(sameComputation(read(one), read(renamed))).toBe(true);
  expect(sameComputation(read(one), read(other))).toBe(false);
});
