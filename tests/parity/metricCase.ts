import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cider, rocAuc, vqaAccuracy } from "../../src/evaluation/metrics/index.ts";
import type { Outcome } from "./agreement.ts";

interface Captioned {
  images: Record<string, { candidate: string; references: string[] }>;
  expected: { score: number };
}
interface Asked {
  items: { prediction: string; answers: string[] }[];
  expected: { overall: number };
}
interface Scored {
  labels: number[];
  scores: number[];
  expected: { auc: number };
}

const context = { set: {}, tokenizer: { encode: () => [] } };
const saying = (text: string) => ({ generated: { tokens: [], text } });

/** Compares the metrics with the libraries that define them. */
export async function compareMetrics(folder: string): Promise<Outcome> {
  const setsOf = async <Set>(name: string): Promise<Set[]> =>
    JSON.parse(await readFile(join(folder, `${name}.json`), "utf8")).sets;
  const captioned = (await setsOf<Captioned>("cider")).map(({ images, expected }) => {
    const all = Object.values(images).map(({ candidate, references }) => ({
      ...saying(candidate),
      example: { media: [], captions: references },
    }));
    return Math.abs(cider.value(all, context).value - expected.score);
  });
  const asked = (await setsOf<Asked>("vqa")).map(({ items, expected }) => {
    const all = items.map(({ prediction, answers }) => ({ ...saying(prediction), example: { media: [], answers } }));
    return Math.abs(100 * vqaAccuracy.value(all, context).value - expected.overall);
  });
  const scored = (await setsOf<Scored>("roc_auc")).map(({ labels, scores, expected }) => {
    const score = (sum: number) => ({ sum, count: 1 });
    const all = scores.map((each, at) => ({
      candidateScores: [score(0), score(each)],
      example: { media: [], candidates: ["no", "yes"], right: labels[at]! },
    }));
    return Math.abs(rocAuc.value(all, context).value - expected.auc);
  });
  const found = [
    { name: "CIDEr", error: Math.max(...captioned), bound: 1e-6 },
    { name: "VQA accuracy", error: Math.max(...asked), bound: 1e-9 },
    { name: "ROC AUC", error: Math.max(...scored), bound: 1e-9 },
  ];
  return {
    good: found.every(({ error, bound }) => error <= bound),
    text: `Metrics  ${found.map(({ name, error, bound }) => `${name} ${error.toExponential(1)}${error <= bound ? "" : ` over ${bound.toExponential(0)}`}`).join("  ")}`,
  };
}
