import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import type { EvaluationSet } from "../../src/data/evaluationSet.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { countTensors } from "../../src/engine/memory.ts";
import { derangement, type EvaluationOptions, evaluate, metrics } from "../../src/evaluation/evaluate.ts";
import { shareOf } from "../../src/evaluation/intervals.ts";
import { defineMetric, type Metric } from "../../src/evaluation/metrics/metric.ts";
import { scoreTokens } from "../../src/evaluation/score.ts";
import { examples, imageOf, knowing, labels, type Opinion, opinionModel, tokens, words } from "./opinionGraph.ts";

beforeAll(() => openDevice("cpu"));

const groups = new Map(labels.map((label) => [label, label.split(" ").at(-1)!]));

/** Evaluates an opinion on all examples, or on others. */
async function evaluated(
  opinion: Opinion,
  chosen = examples(),
  change: Partial<EvaluationOptions> = {},
  set: Pick<EvaluationSet, "groups" | "template"> = { groups },
) {
  const { graph, model } = opinionModel(opinion);
  const options = { metrics, longest: 5, seed: 1, progress: () => {}, mayContinue: async () => true, ...change };
  const results = await evaluate(model, set, chosen, options);
  model.release();
  const by = Object.fromEntries((results ?? []).map((result) => [result.metric, result]));
  return { graph, results, by };
}

/** Prefers some tokens, whatever is on the image. */
const blind: Opinion = (_label, chunk, token) =>
  Math.sin(token * 3 + chunk.length) + (chunk.length > 1 && token === tokens.endOfChunk ? 9 : 0);

describe("a model that always knows", () => {
  test("is right always: exact, right group and best of the candidates, and its captions are like people's", async () => {
    const { by } = await evaluated(knowing);
    for (const name of ["exactCaption", "rightGroup", "bestCandidate"])
      expect(by[name]).toMatchObject({ hits: 18, count: 18, value: 1, unit: "share" });
    expect(by.logLikelihood!.value).toBeGreaterThan(-0.001);
    expect(by.cider!.value).toBeGreaterThan(1);
  });

  test("needs the right image: with another, and by the language model alone, its tokens are unlikely", async () => {
    const { by } = await evaluated(knowing);
    expect(by.gainOverShuffled!.low).toBeGreaterThan(10);
    // Alone it has no opinion, so each of the pretrained tokens is as likely; the new ones do not compete.
    expect(by.textOnlyLogLikelihood!.value).toBeCloseTo(-Math.log(words.pretrained), 4);
    expect(by.gainOverTextOnly!.value).toBeCloseTo(by.logLikelihood!.value - by.textOnlyLogLikelihood!.value, 5);
  });

  test("sees each label once with the image of another example; all images are encoded once", async () => {
    const shuffled = metrics.filter(({ name }) => name === "shuffledLogLikelihood");
    const { graph } = await evaluated(knowing, examples(), { metrics: shuffled });
    const shown = graph.read.flatMap(({ images }) => images.flat());
    expect(shown.toSorted((a, b) => a - b)).toEqual(labels.map((_, index) => index));
    expect(shown.filter((image, index) => image === index)).toEqual([]);
    const all = (await evaluated(knowing)).graph.encoded.flat();
    expect(all.toSorted((a, b) => a - b)).toEqual(labels.map((_, index) => index));
  });
});

describe("a model that ignores the image", () => {
  test("gains nothing from the right one", async () => {
    const { by } = await evaluated(blind);
    expect(by.gainOverShuffled).toMatchObject({ value: 0, count: 18 });
    expect(by.exactCaption!.hits).toBeLessThan(3);
  });

  test("that has no opinion at all is right as often as the answer stands first, no more", async () => {
    expect((await evaluated(() => 0)).by.bestCandidate!.hits).toBe(3); // 18 examples, six places
  });

  test("that gives no numbers is never right", async () => {
    const { by } = await evaluated(() => Number.NaN);
    expect([by.bestCandidate!.hits, by.exactCaption!.hits]).toEqual([0, 0]);
  });
});

describe("metrics", () => {
  test("are those that fit: of one example nothing is shuffled, and of none nothing is known", async () => {
    const { by } = await evaluated(knowing, examples(1));
    expect(by.exactCaption).toMatchObject({ hits: 1, count: 1 });
    expect(by).not.toHaveProperty("shuffledLogLikelihood");
    expect(by).not.toHaveProperty("gainOverShuffled");
    expect((await evaluated(knowing, [])).results).toEqual([]);
  });

  test("by the language model alone are left out where there is none", async () => {
    const { graph, model } = opinionModel(knowing);
    graph.readsAlone = false;
    const options = { metrics, longest: 5, seed: 1, progress: () => {}, mayContinue: async () => true };
    const names = (await evaluate(model, {}, examples(2), options))!.map(({ metric }) => metric);
    model.release();
    expect(names).toContain("gainOverShuffled");
    expect(names.filter((name) => /textOnly/i.test(name))).toEqual([]);
  });

  test("of classes are top-1 and, for two, the area under the curve, with what the text of the template asks", async () => {
    const asked: string[] = [];
    const answers: Opinion = (label, chunk, token) => {
      asked.push(words.decode(chunk));
      const right = label?.startsWith("a red") ? "red" : "big";
      return token === words.encode(right)[0] ? 5 : 0;
    };
    const classes = labels.map((label, index) => ({
      media: [imageOf(index)],
      fields: { question: "house or sky" },
      candidates: ["big", "red"],
      right: label.startsWith("a red") ? 1 : 0,
    }));
    const { by, results } = await evaluated(answers, classes, {}, { template: "question" });
    expect(results!.map(({ metric }) => metric)).toEqual(["rocAuc", "top1"]);
    expect([by.top1!.value, by.rocAuc!.value]).toEqual([1, 1]);
    expect(asked).toContain("house sky"); // the vocabulary has no other words of "Question: house or sky Answer:"
  });

  test("of answers to questions are VQA accuracy", async () => {
    const asked = labels.map((label, index) => ({
      media: [imageOf(index)],
      fields: { question: "a" },
      answers: [...new Array<string>(2).fill(label), ...new Array<string>(8).fill("sun")],
    }));
    const question = words.encode("Question: a Answer:").length;
    const says: Opinion = (label, chunk, token) => knowing(label, chunk.slice(question), token);
    const { by } = await evaluated(says, asked, {}, { template: "question" });
    expect(Object.keys(by)).toEqual(["vqaAccuracy"]);
    expect(by.vqaAccuracy!.value).toBeCloseTo((17 * (8 * (2 / 3) + 2 * (1 / 3)) + 10 * 1) / 180, 6);
  });

  test("a new one needs nothing but its definition", async () => {
    const short = defineMetric({
      ...{ name: "short", title: "Short captions", description: "Captions of one token.", unit: "share" },
      ...{ higherIsBetter: false, needs: ["generated"], references: [] },
      value: (cases) => shareOf(cases.filter(({ generated }) => generated.tokens.length === 1).length, cases.length),
    });
    const { results } = await evaluated(knowing, examples(), { metrics: [short as unknown as Metric] });
    expect(results).toMatchObject([
      { metric: "short", title: "Short captions", description: "Captions of one token.", hits: 6, count: 18 },
    ]);
  });
});

describe("an evaluation", () => {
  test("that is stopped gives no half result", async () => {
    expect((await evaluated(knowing, examples(), { mayContinue: async () => false })).results).toBeUndefined();
  });

  test("tells how far it is", async () => {
    const told: number[][] = [];
    await evaluated(knowing, [...examples(), ...examples()], { progress: (...step) => told.push(step) });
    expect(told).toEqual([
      [20, 36],
      [36, 36],
    ]);
  });

  test("keeps no tensor", async () => {
    const before = countTensors();
    await evaluated(knowing);
    expect(countTensors()).toBe(before);
  });
});

describe("scores", () => {
  test("are log-probabilities, summed over what is scored, with as many tokens competing as are asked for", () => {
    const logits = Float32Array.of(1, 2, 3, 0, 0, 0);
    const log = (values: number[]) => Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));
    const { sums, counts } = scoreTokens(logits, [1, 2, 3], Int32Array.of(1, 0));
    expect(sums).toBeAllclose([2 - log([1, 2, 3]) - Math.log(3)]);
    expect(counts).toEqual([2]);
    const two = scoreTokens(logits, [1, 2, 3], Int32Array.of(1, -100), 2);
    expect([...two.sums, ...two.counts]).toBeAllclose([2 - log([1, 2]), 1]);
  });

  test("stay finite for large logits", () => {
    expect(scoreTokens(Float32Array.of(1e4, 0), [1, 1, 2], Int32Array.of(1)).sums).toEqual([-1e4]);
  });
});

test("a shuffle leaves nobody with their own media, uses each once, and goes by the seed", () => {
  for (let count = 2; count < 30; count++) {
    for (let seed = 0; seed < 20; seed++) {
      const other = derangement(count, new Random(seed));
      expect(other.filter((from, index) => from === index)).toEqual([]);
      expect(new Set(other).size).toBe(count);
    }
  }
  expect(derangement(20, new Random(1))).toEqual(derangement(20, new Random(1)));
  expect(derangement(20, new Random(1))).not.toEqual(derangement(20, new Random(2)));
});
