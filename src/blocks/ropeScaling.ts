import { z } from "zod";
import { count } from "../core/configFields.ts";
import { rotaryFrequencies } from "../engine/ops/rotary.ts";

/** How a rotary embedding is stretched over more positions than a model was trained with, as configuration fields. */
export const ropeScalingFields = {
  scaling: z.enum(["none", "linear", "dynamic", "llama3"]).default("none").meta({
    title: "Scaling",
    description:
      "Stretches the rotation over longer texts: all pairs alike (linear), by a base that grows with the text (dynamic NTK), or slow pairs only (Llama 3).",
  }),
  factor: z.number().min(1).default(1).meta({ title: "Factor", description: "How many times longer texts may be." }),
  trainedLength: count(
    "Trained length",
    "Positions that the model was trained with, for dynamic and llama3.",
    "tokens",
  ).default(2048),
  lowFrequencyFactor: z.number().positive().default(1).meta({
    title: "Low frequency factor",
    description:
      "llama3: pairs that turn less often than this within the trained length are slowed by the whole factor.",
  }),
  highFrequencyFactor: z.number().positive().default(4).meta({
    title: "High frequency factor",
    description: "llama3: pairs that turn more often than this within the trained length stay as they are.",
  }),
};

type RopeScaling = z.output<z.ZodObject<typeof ropeScalingFields>>;

/**
 * How far each pair of `dim` channels turns a position.
 *
 * With w = base^(−2i/dim): linear w/factor; dynamic NTK w of a base that is (factor·length/trained − factor + 1)^(dim/(dim − 2)) times
 * larger, from the trained length on; llama3 w/factor for long waves, w for short ones, and between them a mix.
 *
 * @param length positions of the whole text
 * @see Chen et al. 2023, Position Interpolation, arXiv:2306.15595; Peng et al. 2023, YaRN, arXiv:2309.00071 (dynamic NTK);
 *   Dubey et al. 2024, Llama 3, arXiv:2407.21783
 */
export function scaledFrequencies(dim: number, base: number, scaling: RopeScaling, length: number): number[] {
  const { factor, trainedLength } = scaling;
  if (scaling.scaling === "dynamic") {
    const stretch = (factor * Math.max(length, trainedLength)) / trainedLength - (factor - 1);
    return rotaryFrequencies(dim, base * stretch ** (dim / (dim - 2)));
  }
  const plain = rotaryFrequencies(dim, base);
  if (scaling.scaling === "none") return plain;
  if (scaling.scaling === "linear") return plain.map((frequency) => frequency / factor);
  const { lowFrequencyFactor: low, highFrequencyFactor: high } = scaling;
  return plain.map((frequency) => {
    const turns = (trainedLength * frequency) / (2 * Math.PI); // within the trained length
    const share = Math.min(Math.max((turns - low) / (high - low), 0), 1);
    return (1 - share) * (frequency / factor) + share * frequency;
  });
}
