import { z } from "zod";
import { makeCatalog } from "../../../src/core/catalog.ts";
import { float32, int32, optional } from "../../../src/core/port.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { emptyPipeline } from "../../../src/pipeline/schema.ts";

/** A small catalog with what the editor has to cope with: a source, two blocks, an action. */
export const catalog = makeCatalog([
  {
    name: "Pictures",
    kind: "source",
    title: "Pictures",
    category: "Data",
    summary: "Gives pictures.",
    config: z.strictObject({ size: z.int().min(8).max(64).default(32).meta({ title: "Size", unit: "pixels" }) }),
    inputs: {},
    outputs: { images: float32("batch size size 3", "pictures"), labels: int32("batch", "what they show") },
  },
  {
    name: "Encoder",
    kind: "composite",
    title: "Encoder",
    category: "Vision",
    summary: "Encodes pictures.",
    config: z.strictObject({
      dim: z.int().positive().meta({ title: "Width", description: "Channels.", unit: "channels" }),
      activation: z.enum(["gelu", "relu"]).default("gelu"),
    }),
    example: { dim: 16 },
    inputs: { images: float32("batch size size 3", "pictures") },
    outputs: { features: float32("batch dim", "features") },
  },
  {
    name: "Head",
    kind: "primitive",
    title: "Head",
    category: "Language",
    summary: "Scores features.",
    config: z.strictObject({ dim: z.int().positive().default(16) }),
    inputs: { features: float32("batch dim", "features"), bias: optional(float32("dim", "a bias")) },
    outputs: { loss: float32("", "the loss"), features: float32("batch dim", "features") },
  },
]);

/** Pictures → encoder → head. */
export const chain: Pipeline = {
  ...emptyPipeline("Chain"),
  nodes: {
    pictures: { type: "Pictures", config: {} },
    encoder: { type: "Encoder", config: { dim: 16 } },
    head: { type: "Head", config: {} },
  },
  edges: [
    { from: ["pictures", "images"], to: ["encoder", "images"] },
    { from: ["encoder", "features"], to: ["head", "features"] },
  ],
  view: { positions: { pictures: [0, 0], encoder: [300, 0], head: [600, 0] } },
};
