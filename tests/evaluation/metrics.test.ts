import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Random } from "../../src/core/random.ts";
import { cider, rocAuc, vqaAccuracy } from "../../src/evaluation/metrics/index.ts";

function golden<Set>(name: string): Set[] {
  const file = new URL(`../fixtures/families/metrics/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { sets: Set[] }).sets;
}

const context = { set: {}, tokenizer: { encode: () => [] } };
const saying = (text: string) => ({ generated: { tokens: [], text } });

interface Captioned {
  name: string;
  images: Record<string, { candidate: string; references: string[] }>;
  expected: { score: number; scores: Record<string, number> };
}

describe("CIDEr", () => {
  const ciderOf = (images: { candidate: string; references: string[] }[]) =>
    cider.value(
      images.map(({ candidate, references }) => ({
        ...saying(candidate),
        example: { media: [], captions: references },
      })),
      context,
    );

  test.each(golden<Captioned>("cider"))("agrees with the reference: $name", ({ images, expected }) => {
    const all = Object.values(images);
    const { value, count } = ciderOf(all);
    expect(Math.abs(value - expected.score)).toBeLessThan(1e-6);
    expect(count).toBe(all.length);
  });

  test("of one image among others agrees with its own score", () => {
    for (const { images, expected } of golden<Captioned>("cider")) {
      const all = Object.values(images);
      // Only the caption of one image is kept: the mean is then its score, divided by their number.
      for (const [at, key] of Object.keys(images).entries()) {
        const one = all.map((each, index) => (index === at ? each : { ...each, candidate: "" }));
        expect(Math.abs(ciderOf(one).value * all.length - expected.scores[key]!)).toBeLessThan(1e-6);
      }
    }
  });

  test("counts neither case nor punctuation", () => {
    const images = [
      { candidate: "a red cat", references: ["a red cat sits"] },
      { candidate: "two dogs", references: ["two dogs run"] },
    ];
    const loud = images.map(({ candidate, references }) => ({
      candidate: `${candidate.toUpperCase()}.`,
      references: references.map((each) => `${each} !`),
    }));
    expect(ciderOf(loud)).toEqual(ciderOf(images));
  });

  test("of 5,000 captions takes less than 2 seconds", () => {
    const random = new Random(1);
    const sentence = () =>
      Array.from({ length: 10 }, () => `word${Math.floor(random.uniform() ** 3 * 3000)}`).join(" ");
    const images = Array.from({ length: 5000 }, () => ({
      candidate: sentence(),
      references: Array.from({ length: 5 }, sentence),
    }));
    const start = process.cpuUsage(); // of this process alone: others may be busy
    ciderOf(images);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1e6).toBeLessThan(2);
  });
});

describe("VQA accuracy", () => {
  interface Asked {
    name: string;
    items: { prediction: string; answers: string[]; accuracy: number }[];
    expected: { overall: number };
  }
  const caseOf = (prediction: string, answers: string[]) => ({
    ...saying(prediction),
    example: { media: [], answers },
  });

  test.each(golden<Asked>("vqa"))("agrees with the reference: $name", ({ items, expected }) => {
    for (const { prediction, answers, accuracy } of items)
      expect(Math.abs(vqaAccuracy.value([caseOf(prediction, answers)], context).value - accuracy)).toBeLessThan(1e-9);
    const all = items.map(({ prediction, answers }) => caseOf(prediction, answers));
    expect(Math.abs(100 * vqaAccuracy.value(all, context).value - expected.overall)).toBeLessThan(1e-9);
  });

  test.each([
    ["Two", "2"],
    ["none", "0"],
    ["dont know", "don't know"],
    ["couldn'tve", "couldn't've"],
    ["couldnt've", "couldn't've"],
    ["black/white", "black white"],
    ["red , blue", "red blue"],
    ["U.S.", "us"],
  ])("takes %j for %j", (prediction, answer) => {
    const people = new Array<string>(10).fill(answer);
    expect(vqaAccuracy.value([caseOf(prediction, people)], context).value).toBe(1);
  });

  test.each([
    ["ill", "i'll"],
    ["its", "it's"],
    ["3.5", "35"],
  ])("does not take %j for %j", (prediction, answer) => {
    const people = new Array<string>(10).fill(answer);
    expect(vqaAccuracy.value([caseOf(prediction, people)], context).value).toBe(0);
  });
});

describe("ROC AUC", () => {
  interface Scored {
    name: string;
    labels: number[];
    scores: number[];
    expected: { auc: number };
  }
  const score = (sum: number) => ({ sum, count: 1 });
  const areaOf = (scores: readonly number[], labels: readonly number[]) =>
    rocAuc.value(
      scores.map((each, index) => ({
        candidateScores: [score(0), score(each)],
        example: { media: [], candidates: ["no", "yes"], right: labels[index]! },
      })),
      context,
    );

  test.each(golden<Scored>("roc_auc"))("agrees with the reference: $name", ({ labels, scores, expected }) => {
    const { value, low, high, count } = areaOf(scores, labels);
    expect(Math.abs(value - expected.auc)).toBeLessThan(1e-9);
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
    expect(count).toBe(labels.length);
  });

  test("has an interval that holds the truth about as often as it says", () => {
    const random = new Random(3);
    // Scores of two normal distributions one standard deviation apart: the area is Φ(1/√2).
    const truth = 0.7602499;
    let held = 0;
    for (let time = 0; time < 400; time++) {
      const labels = Array.from({ length: 80 }, (_, index) => index % 2);
      const { low, high } = areaOf(
        labels.map((label) => label + random.normal()),
        labels,
      );
      if (low <= truth && truth <= high) held++;
    }
    expect(held / 400).toBeGreaterThan(0.91);
    expect(held / 400).toBeLessThan(0.98);
  });

  test("is unknown where one class is missing", () => {
    expect(areaOf([1, 2], [1, 1])).toMatchObject({ value: Number.NaN, count: 2 });
  });
});
