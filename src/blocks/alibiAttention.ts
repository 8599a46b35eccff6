import { z } from "zod";
import { alibiSlopes } from "../engine/ops/attention.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { attend, attentionFields, attentionOutputs, emptyRowsField, maskedInputs, weightsOf } from "./attention.ts";

/** The slopes of the studio's own language model: 0 for the first half of the heads, then 4^(−k), down to k = 0. */
function halfOfSlopes(heads: number): number[] {
  const sloped = Math.ceil(heads / 2);
  return Array.from({ length: heads }, (_, head) => (head < heads - sloped ? 0 : 4 ** -(heads - head - 1)));
}

interface Settings {
  heads: number;
  causal: boolean;
  scale?: number | undefined;
  emptyRows: "zero" | "uniform";
  slopes: "all" | "half";
}

function optionsOf({ heads, causal, scale, emptyRows, slopes }: Settings) {
  return { heads, causal, scale, emptyRows, slopes: (slopes === "all" ? alibiSlopes : halfOfSlopes)(heads) };
}

/**
 * Attention with linear biases (ALiBi): scores fall with the distance of the key, by a slope of each head.
 *
 * softmax(q kᵀ / √headDim − slope · (query position − key position)) v, head by head; needs no position embedding. Shapes as in
 * `Attention`. `slopes: "half"` leaves half of the heads without a penalty.
 *
 * @see Press et al. 2022, ALiBi, arXiv:2108.12409
 */
export const AlibiAttention = definePrimitive({
  name: "AlibiAttention",
  title: "Attention with ALiBi",
  category: "Tensor",
  summary: "Attention with linear biases (ALiBi): scores fall with the distance of the key, by a slope of each head.",
  paper: "arXiv:2108.12409",
  config: z.strictObject({
    ...attentionFields,
    ...emptyRowsField,
    slopes: z.enum(["all", "half"]).default("all").meta({
      title: "Slopes",
      description:
        "Every head has a slope, as in the paper; or half of them have, as in the studio's own language model.",
    }),
  }),
  example: { heads: 2, headDim: 4, causal: true },
  exampleSizes: { lead: 2, queries: 4, keys: 4, batch: 2, groups: 2 },
  inputs: maskedInputs,
  outputs: attentionOutputs,
  chunks: { along: "queries", cache: true },
  build: (config) => (inputs, cache) => attend(inputs, optionsOf(config), cache),
  probes: { weights: (config, inputs) => weightsOf(inputs, optionsOf(config)) },
});
