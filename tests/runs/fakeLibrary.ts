import { z } from "zod";
import { type Listed, makeCatalog } from "../../src/core/catalog.ts";
import { float32 } from "../../src/core/port.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";

const width = z.strictObject({ width: z.int().positive().default(4) });
const none = z.strictObject({});

/** A small catalog: a source, something between, an action. */
const entries = [
  { name: "Numbers", kind: "source", config: width, inputs: {}, outputs: { out: float32("batch width", "numbers") } },
  {
    name: "Layer",
    kind: "primitive",
    config: width,
    inputs: { in: float32("batch width", "numbers") },
    outputs: { out: float32("batch width", "numbers") },
  },
  { name: "Train", kind: "action", config: none, inputs: { loss: float32("batch width", "numbers") }, outputs: {} },
] as const;

export const fakeCatalog = makeCatalog(
  entries.map((entry): Listed => ({ ...entry, title: entry.name, category: "Data", summary: "For tests." })),
);

/** A pipeline of the small catalog, with changes. */
export function fakePipeline(changes: Record<string, unknown> = {}) {
  return {
    format: "flamingo-pipeline",
    version: 2,
    name: "fake",
    nodes: { train: { type: "Train" }, numbers: { type: "Numbers" }, layer: { type: "Layer" } },
    edges: [
      { from: ["numbers", "out"], to: ["layer", "in"] },
      { from: ["layer", "out"], to: ["train", "loss"] },
    ],
    ...changes,
  };
}

/** The same as a file is read. */
export function readFake(changes: Record<string, unknown> = {}) {
  return parsePipeline(fakePipeline(changes), "fake");
}
