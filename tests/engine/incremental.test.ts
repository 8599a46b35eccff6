import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { AppendMean } from "../../src/blocks/appendMean.ts";
import { Logits } from "../../src/blocks/logits.ts";
import { SelfAttention } from "../../src/blocks/selfAttention.ts";
import { TokenEmbedding } from "../../src/blocks/tokenEmbedding.ts";
import type { AnyBlock } from "../../src/core/block.ts";
import type { Value } from "../../src/core/call.ts";
import { defineBlock } from "../../src/core/defineBlock.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { float32, int32, type Ports } from "../../src/core/port.ts";
import { isEllipsis, namesIn } from "../../src/core/shape.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Incremental } from "../../src/engine/readings/incremental.ts";
import { definePrimitive } from "../../src/engine/readings/primitive.ts";
import type { Weights } from "../../src/engine/readings/weights.ts";
import { clone, concat, dispose, slice, type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { models } from "../../src/models/index.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { exampleInputs, LiveBlock } from "../blocks/liveBlock.ts";
import { describeDevices } from "../devices.ts";
import { type LanguageChange, languageConfig } from "../models/languageConfig.ts";
import { numbers, tensorOf } from "./numbers.ts";

/** Primitives that work on each place of a sequence alone. */
const alone = models.filter(({ chunks }) => chunks && !chunks.cache).map((block) => [block.name, block] as const);

const hasAxis = (ports: Ports, port: string, axis: string) =>
  ports[port]!.shape.some((dim) => (isEllipsis(dim) ? dim === `...${axis}` : namesIn(dim).includes(axis)));

/** Places `start` to `end` along the second axis. */
const cut = (x: Tensor, start: number, end: number) =>
  slice(x, [0, start, ...x.shape.slice(2).map(() => 0)], [x.shape[0]!, end - start, ...x.shape.slice(2)]);

const language = (change: LanguageChange = {}) => languageConfig({ vocabulary: 11, imageToken: 11, ...change });
const plain: LanguageChange = { attention: { type: "Attention" } };
const llama: LanguageChange = {
  attention: { type: "RotaryAttention" },
  norm: "RmsNorm",
  feedForward: "SwiGluFeedForward",
};
const tag = 11;

interface Built {
  weights: Weights;
  whole(ids: Tensor): Tensor;
  incremental: Incremental;
  chunk(ids: Tensor): Tensor;
}

/** A model twice on the same weights: for whole texts, and for texts in chunks. */
function build(definition: AnyBlock, config: Record<string, unknown>, others: Record<string, Value>): Built {
  const { weights } = new LiveBlock(definition, { config }).shake().openGates();
  const incremental = new Incremental(weights);
  const [eager, chunked] = [new Eager(weights), incremental.reading()].map(
    (reading) => instantiate(definition, config, reading) as unknown as (inputs: Record<string, Value>) => Tensor,
  );
  return {
    weights,
    whole: (ids) => eager!({ ...others, ids }),
    incremental,
    chunk: (ids) => chunked!({ ...others, ids }),
  };
}

const idsOf = (rows: readonly (readonly number[])[]) =>
  tensor(Int32Array.from(rows.flat()), [rows.length, rows[0]!.length], "int32");

/** Reads two texts whole and in chunks of these lengths, and expects the same logits at each position. */
async function expectSame(built: Built, texts: readonly number[][], lengths: readonly number[]): Promise<void> {
  const found: Tensor[] = [];
  let start = 0;
  for (const length of lengths) {
    const ids = idsOf(texts.map((text) => text.slice(start, start + length)));
    found.push(built.incremental.read(ids, built.chunk));
    ids.dispose();
    start += length;
  }
  const ids = idsOf(texts.map((text) => text.slice(0, start)));
  const [whole, joined] = tidy(() => [built.whole(ids), concat(found, 1)]);
  await expect(joined!).toBeAllclose(whole!, { relative: 1e-3, absolute: 1e-4 });
  dispose([ids, whole!, joined!, ...found]);
}

const texts = [
  [1, tag, 4, 5, tag, 6, 7, 2, 9, 3],
  [1, 5, tag, 3, 8, 9, 2, tag, 4, 6],
];

describeDevices("a text in chunks", (device) => {
  test.each(alone)("%s works on each place alone, as it says", async (_, definition) => {
    const axis = definition.chunks!.along;
    const { lead: _lead, ...exampleSizes } = definition.exampleSizes ?? {}; // two leading axes, the second of which is cut
    const block = new LiveBlock({ ...definition, exampleSizes }).shake().openGates();
    const inputs = exampleInputs({ ...definition, exampleSizes }, block.config);
    const length = Object.entries(inputs).find(([port]) => hasAxis(definition.inputs, port, axis))![1].shape[1]!;
    const part = (start: number, end: number) => {
      const given = Object.entries(inputs).map(([port, value]) => [
        port,
        hasAxis(definition.inputs, port, axis) ? cut(value, start, end) : value,
      ]);
      return block.run(Object.fromEntries(given));
    };
    const whole = block.run(inputs);
    const [first, second] = [part(0, 1), part(1, length)];
    for (const port of Object.keys(whole)) {
      const joined = hasAxis(definition.outputs, port, axis) ? concat([first[port]!, second[port]!], 1) : second[port]!;
      await expect(clone(joined)).toBeAllclose(whole[port]!, { relative: 1e-4, absolute: 1e-5 });
    }
    block.dispose();
  });

  const kinds: [string, LanguageChange][] = [
    ["with ALiBi, looking at the image just before", {}],
    [
      "with learnt positions, looking at all images so far",
      { ...plain, positions: { type: "TextPositions", config: { maxLength: 10 } }, attend: "allPrevious" },
    ],
    ["with rotary positions, RMSNorm and SwiGLU", llama],
    ["with neither, and a gate before every second layer", { ...plain, every: 2, placement: "last" }],
  ];
  test.each(kinds)("gives the logits of the whole text at each place: a model %s", async (_, change) => {
    const before = countTensors();
    const media = tensorOf(numbers([2, 2, 3, 6], 5));
    const built = build(FlamingoLanguageModel, language(change), { media });
    await expectSame(built, texts, [3, 1, 1, 2, 1, 1, 1]);
    built.incremental.dispose();
    built.weights.dispose();
    media.dispose();
    expect(countTensors(), "tensors left behind").toBe(before);
  });

  if (device === "webgpu") return; // the parts above are the same, and an emulated GPU takes its time

  test("however it is cut", () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), async (lengths) => {
        const media = tensorOf(numbers([2, 2, 3, 6], 6));
        const built = build(FlamingoLanguageModel, language(), { media });
        await expectSame(
          built,
          texts.map((text) => [...text, 5, 2, 3, 4, 5, 6]),
          lengths,
        );
        built.incremental.dispose();
        built.weights.dispose();
        media.dispose();
      }),
      { numRuns: 8, seed: 4 },
    ));

  test("past the room that its keys have at first", async () => {
    const built = build(FlamingoLanguageModel, language(), {});
    const long = [0, 1].map((row) => Array.from({ length: 150 }, (_, at) => (at * 7 + row) % 11));
    await expectSame(built, long, [60, 3, 1, 1, 70, 1, 14]);
    built.incremental.dispose();
    built.weights.dispose();
  });

  test("goes on with chosen rows", async () => {
    const built = build(FlamingoLanguageModel, language(), {});
    const read = (incremental: Incremental, rows: number[][]) => incremental.read(idsOf(rows), built.chunk);
    read(
      built.incremental,
      texts.map((text) => text.slice(0, 4)),
    );
    built.incremental.select([1, 1]);
    const found = read(built.incremental, [
      [4, 5],
      [6, 7],
    ]);
    const whole = built.whole(
      idsOf([
        [...texts[1]!.slice(0, 4), 4, 5],
        [...texts[1]!.slice(0, 4), 6, 7],
      ]),
    );
    await expect(found).toBeAllclose(cut(whole, 4, 6), { relative: 1e-3, absolute: 1e-4 });
    built.incremental.dispose();
    built.weights.dispose();
  });

  test("of the whole Flamingo, whose images are looked at once", async () => {
    const images = tensorOf(numbers([2, 2, 1, 16, 16, 3], 7));
    const { visualDim: _given, ...languageModel } = language();
    const config = { ...Flamingo.example, languageModel: { type: "FlamingoLanguageModel", config: languageModel } };
    await expectSame(build(Flamingo, config, { images }), texts, [4, 1, 3]);
  });
});

/** Counts how often it is called. */
let calls = 0;
const Counted = definePrimitive({
  name: "Counted",
  title: "Counted",
  category: "Tensor",
  summary: "Counts.",
  config: z.strictObject({}),
  example: {},
  inputs: { x: float32("...shape", "numbers") },
  outputs: { y: float32("...shape", "the same") },
  build: () => (inputs) => {
    calls++;
    return clone(inputs.x);
  },
});

/** Embeds a text, does something to it, and gives logits; computes something of no text beside it. */
function languageOf(name: string, change: (child: never) => (x: Value) => Value): AnyBlock {
  return defineBlock({
    name,
    title: name,
    category: "Language",
    summary: "For a test.",
    config: z.strictObject({}),
    example: {},
    inputs: { ids: int32("batch length", "tokens"), other: float32("batch more dim", "no text") },
    outputs: { logits: float32("batch length tokens", "scores") },
    build(_config, { child }) {
      const embed = child("embed", TokenEmbedding, { vocabulary: 11, dim: 8 });
      const count = child("count", Counted, {});
      const work = change(child as never);
      const score = child("score", Logits, {});
      return ({ ids, other }) => {
        count({ x: other });
        const { hidden, table } = embed({ ids });
        return score({ hidden: work(hidden), table });
      };
    },
  });
}

type Child = (name: string, block: AnyBlock, config: object) => (inputs: object) => Value;

describe("what cannot go on", () => {
  const other = () => tensorOf(numbers([2, 3, 8], 1));
  const refused = (definition: AnyBlock) => {
    const { incremental, chunk } = build(definition, {}, { other: other() });
    return () =>
      incremental.read(
        idsOf([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        chunk,
      );
  };

  test("says so, and where: a block that was not written for it", () => {
    const mean = languageOf("Mean", ((child: Child) => {
      const append = child("mean", AppendMean, {});
      return (x: Value) => append({ x });
    }) as never);
    expect(refused(mean)).toThrow(
      'AppendMean at "mean" cannot continue from chunk to chunk: it does not take a text in chunks',
    );
  });

  test("says so, and why: attention to what comes later", () => {
    const both = languageOf("BothWays", ((child: Child) => {
      const attend = child("attend", SelfAttention, { dim: 8, heads: 2, headDim: 4 });
      return (x: Value) => attend({ x });
    }) as never);
    expect(refused(both)).toThrow(
      '"attend.attend" cannot continue from chunk to chunk: each position attends to later ones',
    );
  });

  test("is not what does not depend on the text: that is computed once", () => {
    calls = 0;
    const { incremental, chunk } = build(
      languageOf("Plain", () => (x) => x),
      {},
      { other: other() },
    );
    for (const token of [1, 2, 3]) incremental.read(idsOf([[token], [token]]), chunk);
    expect(calls).toBe(1);
    incremental.dispose();
  });
});
