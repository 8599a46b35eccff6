import { describe, expect, test } from "vitest";
import type { AnyBlock } from "../../src/core/block.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { catalog, findBlock } from "../../src/execution/registry.ts";
import { optionsOf } from "../../src/graph/graph.ts";
import { fullConfig } from "../../src/graph/solve.ts";
import { type Pipeline, parsePipeline } from "../../src/pipeline/schema.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { refusalOf } from "../core/refusalOf.ts";

const file = (nodes: object, edges: object[] = []) => ({
  format: "flamingo-pipeline",
  version: 1,
  name: "old",
  nodes,
  edges,
});
const language = { vocabulary: 9, imageToken: 8, dim: 8, layers: 4, heads: 2, headDim: 4, visualDim: 8, gatedHeads: 2 };

/** The decay of each trained weight of a node, as its pipeline's Train node says. */
function decays(pipeline: Pipeline, id: string): Set<number> {
  const node = pipeline.nodes[id]!;
  const { decay = 0.1, otherDecay = 0 } = pipeline.nodes.train!.config as { decay?: number; otherDecay?: number };
  const groups = flamingoGroups(5, decay, otherDecay);
  const config = fullConfig(node, catalog[node.type]!);
  const weights = describeWeights(findBlock(node.type) as AnyBlock, config, optionsOf(node));
  return new Set(
    weights.filter(({ frozen, group }) => !frozen && group !== "gate").map(({ group }) => groups[group].decay),
  );
}

describe("weights of a pipeline of version 1 keep their decay:", () => {
  const train = { type: "Train", config: { decay: 0.3, otherDecay: 0.07 } };

  test("gated layers and all else, in one pipeline", () => {
    const pipeline = parsePipeline(
      file({
        train,
        language: { type: "FlamingoLanguageModel", config: { ...language, newTokens: 2 } },
        encoder: { type: "ConvEncoder", config: { visualDim: 8 } },
        resampler: { type: "PerceiverResampler", config: { visualDim: 8 } },
        pairs: { type: "ContrastiveLoss", config: {} },
      }),
      "the test",
    );
    expect(decays(pipeline, "language")).toEqual(new Set([0.07, 0.3])); // new tokens, gated layers
    for (const id of ["encoder", "resampler", "pairs"]) expect(decays(pipeline, id), id).toEqual(new Set([0.07]));
  });

  test("without gated layers", () => {
    const alone = {
      type: "FlamingoLanguageModel",
      config: { ...language, every: 5, placement: "last", frozen: false },
    };
    const pipeline = parsePipeline(file({ train, language: alone, encoder: { type: "ConvEncoder" } }), "the test");
    for (const id of ["language", "encoder"]) expect(decays(pipeline, id), id).toEqual(new Set([0.07]));
  });

  test("with a single gated layer, before the first of fewer layers than `every` says", () => {
    const one = { type: "FlamingoLanguageModel", config: { ...language, every: 9 } };
    expect(decays(parsePipeline(file({ train, language: one }), "the test"), "language")).toContain(0.3);
  });
});

test("ids that stand for a graph's own ports are renamed, with their edges and positions", () => {
  const old = {
    ...file({ inputs: { type: "EmojiDocuments" }, inputs1: { type: "NextTokenLoss" } }, [
      { from: ["inputs", "targets"], to: ["inputs1", "targets"] },
    ]),
    view: { positions: { inputs: [1, 2] } },
  };
  const { nodes, edges, view } = parsePipeline(old, "the test");
  expect(Object.keys(nodes).sort()).toEqual(["inputs1", "inputs2"]);
  expect(edges[0]).toEqual({ from: ["inputs2", "targets"], to: ["inputs1", "targets"] });
  expect(view.positions).toEqual({ inputs2: [1, 2] });
});

test("sources of version 2 keep the words that they knew, and where they cut captions off", () => {
  const source = (type: string, config: object) => {
    const { nodes } = parsePipeline({ ...file({ a: { type, config } }), version: 2 }, "the test");
    return nodes.a!.config;
  };
  expect(source("ImageFolder", { folder: "x" })).toEqual({ folder: "x", tokenizer: "words", longest: 24 });
  expect(source("ImageFolder", { folder: "x", longest: 9 })).toMatchObject({ longest: 9 });
  for (const type of ["EmojiDocuments", "EmojiPairs"]) expect(source(type, {})).toEqual({ tokenizer: "words" });
  expect(source("EmojiSentences", { batch: 2 })).toEqual({ batch: 2 });
});

test("a type that every object has is refused like any unknown one", () => {
  const refusal = refusalOf(() => parsePipeline(file({ a: JSON.parse('{"type": "__proto__"}') }), "the test"));
  expect(refusal.code).toBe("INVALID_PIPELINE");
});

test("a value that version 1 did not know stays one that is not known", () => {
  const { nodes } = parsePipeline(
    file({ a: { type: "FeedForward", config: { dim: 4, activation: "relu9" } } }),
    "the test",
  );
  expect(nodes.a!.config).toMatchObject({ activation: { type: "relu9" } });
});

test("the number of captioned images keeps its value under its new name", () => {
  const { nodes } = parsePipeline(file({ a: { type: "CaptionSamples", config: { pictures: 3 } } }), "the test");
  expect(nodes.a!.config).toEqual({ images: 3 });
});
