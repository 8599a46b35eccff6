import { sizeOf } from "../../../src/core/shape.ts";
import type { Weight, Weights } from "../../../src/engine/readings/weights.ts";
import { formatCount, formatWeights } from "../../../src/figures/numbers.ts";
import { type Tone, toneOf, toneWords } from "../../../src/figures/tone.ts";
import type { Formatter } from "../formatter.ts";
import { box, escapeHtml, htmlTable, inks, note } from "../html.ts";

/** A model: anything that has weights, such as a block that was built or a captioner. */
interface Model {
  weights: Weights;
  block?: { title: string };
  pipeline?: { name: string };
}

const colors: Record<Tone, string> = {
  frozen: inks.frozen,
  trained: inks.trained,
  both: inks.trained,
  none: inks.muted,
};

/** Up to so many weights are listed one by one; of more, the parts that they belong to. */
const mostListed = 30;

/** Weights by name: shapes, numbers, and what is frozen. */
export const weightsFormatter: Formatter<Weights> = {
  accepts: isWeights,
  format: (weights) => describe("weights", weights.all()),
};

/** A model by its weights. */
export const modelFormatter: Formatter<Model> = {
  accepts: (value) =>
    value !== null &&
    (typeof value === "object" || typeof value === "function") &&
    isWeights((value as Partial<Model>).weights),
  format: ({ weights, block, pipeline }) => describe(block?.title ?? pipeline?.name ?? "model", weights.all()),
};

function isWeights(value: unknown): value is Weights {
  if (value === null || typeof value !== "object") return false;
  const { all, trainable, load } = value as Partial<Weights>;
  return typeof all === "function" && typeof trainable === "function" && typeof load === "function";
}

interface Part {
  name: string;
  shape: string;
  weights: number;
  trainable: number;
}

function describe(title: string, weights: readonly Weight[]) {
  const all = partOf("in all", weights);
  const parts =
    weights.length <= mostListed ? weights.map((weight) => partOf(weight.name, [weight])) : grouped(weights);
  const state = ({ weights, trainable }: Part) => toneWords[toneOf({ weights, trainable })];
  const head = `${title}: ${formatCount(all.weights)} numbers, ${formatCount(all.trainable)} of them learn`;
  const rows = parts.map((part) => [
    escapeHtml(part.name),
    escapeHtml(part.shape),
    formatCount(part.weights),
    `<span style="color: ${colors[toneOf(part)]}">${state(part)}</span>`,
  ]);
  const table = htmlTable(
    [{ title: "weight" }, { title: "shape" }, { title: "numbers", align: "right" }, { title: "state" }],
    rows,
  );
  const wide = Math.max(0, ...parts.map(({ name }) => name.length));
  const lines = parts.map(
    (part) =>
      `  ${part.name.padEnd(wide)}  ${part.shape.padEnd(14)} ${formatWeights(part.weights).padStart(8)}  ${state(part)}`,
  );
  return {
    data: {
      "text/html": box(
        `<b>${escapeHtml(title)}</b>${note(`${formatCount(all.weights)} numbers, ${formatCount(all.trainable)} of them learn`)}${table}`,
      ),
      "text/plain": [head, ...lines].join("\n"),
    },
  };
}

/** The parts of a model: as deep into the names as they stay few. */
function grouped(weights: readonly Weight[]): Part[] {
  for (let depth = 4; depth > 1; depth--) {
    const parts = groupsAt(weights, depth);
    if (parts.length <= mostListed) return parts;
  }
  return groupsAt(weights, 1);
}

function groupsAt(weights: readonly Weight[], depth: number): Part[] {
  const groups = new Map<string, Weight[]>();
  for (const weight of weights) {
    const name = weight.name.split(".").slice(0, depth).join(".");
    groups.set(name, [...(groups.get(name) ?? []), weight]);
  }
  return [...groups].map(([name, members]) => partOf(name, members));
}

function partOf(name: string, weights: readonly Weight[]): Part {
  const sizes = weights.map(({ shape, frozen }) => ({
    size: sizeOf({ shape }),
    frozen,
  }));
  return {
    name,
    shape: weights.length === 1 ? `[${weights[0]!.shape.join(", ")}]` : `${weights.length} weights`,
    weights: sizes.reduce((sum, { size }) => sum + size, 0),
    trainable: sizes.reduce((sum, { size, frozen }) => sum + (frozen ? 0 : size), 0),
  };
}
