import { z } from "zod";
import { count, headCount } from "../core/configFields.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32 } from "../core/port.ts";
import { rotary } from "../engine/ops/rotary.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { ropeScalingFields, scaledFrequencies, scaledMagnitude } from "./ropeScaling.ts";

/** The configuration of a rotary embedding. */
export const rotaryFields = {
  base: z.number().positive().default(10_000).meta({
    title: "Base",
    description:
      "Pair i of a head's n pairs is rotated by base^(−i/n) a position: a larger base makes slow pairs slower.",
  }),
  rotatedDim: count(
    "Rotated channels",
    "The first channels of each head, an even number, where not all of them are rotated.",
    "channels",
  ).optional(),
  ...ropeScalingFields,
};

/**
 * Rotates queries and keys by their positions, so that their match depends on the distance between them.
 *
 * In each head the pair (x[i], x[i + r/2]) at position t is rotated by the angle t·base^(−2i/r), as in LLaMA and GPT-NeoX, where r is
 * `rotatedDim` or all of `headDim`; `scaling` changes the angles for longer texts. Dynamic scaling goes by the length of the text so far:
 * keys in a cache stay as they were turned when they were read, as in transformers, so that beyond `trainedLength` a text that is read in
 * chunks differs from one that is read whole. Shapes: `x` and `y` [..., length, heads·headDim].
 *
 * @throws FlamingoError INVALID_CONFIG if r is odd, or larger than a head
 * @see Su et al. 2021, RoFormer, arXiv:2104.09864
 */
export const RotaryEmbedding = definePrimitive({
  name: "RotaryEmbedding",
  title: "Rotary embedding",
  category: "Language",
  summary: "Rotates queries and keys by their positions, so that their match depends on the distance between them.",
  paper: "arXiv:2104.09864",
  config: z.strictObject({
    heads: headCount("Heads", "Attention heads."),
    headDim: count("Head width", "Channels of each head, an even number.", "channels"),
    ...rotaryFields,
  }),
  example: { heads: 2, headDim: 4 },
  exampleSizes: { lead: 2, length: 5 },
  inputs: { x: float32("...lead length heads*headDim", "queries or keys") },
  outputs: { y: float32("...lead length heads*headDim", "the same, rotated") },
  chunks: { along: "length", cache: true },
  build({ heads, headDim, base, rotatedDim = headDim, ...scaling }) {
    if (rotatedDim % 2 !== 0 || rotatedDim > headDim) throw unpaired(rotatedDim, headDim);
    return ({ x }, cache) => {
      const start = cache?.length ?? 0;
      const frequencies = scaledFrequencies(rotatedDim, base, scaling, start + x.shape.at(-2)!);
      return rotary(x, { heads, start, frequencies, magnitude: scaledMagnitude(scaling) });
    };
  },
});

function unpaired(rotatedDim: number, headDim: number): FlamingoError {
  return new FlamingoError(
    "INVALID_CONFIG",
    `${rotatedDim} of ${headDim} channels of a head cannot be rotated in pairs`,
    {
      block: "RotaryEmbedding",
      fix: "set rotatedDim to an even number that is not larger than headDim",
    },
  );
}
