import { z } from "zod";
import { count } from "../core/configFields.ts";
import { rotaryFrequencies } from "../engine/ops/rotary.ts";

/** How a rotary embedding is stretched over more positions than a model was trained with, as configuration fields. */
export const ropeScalingFields = {
  scaling: z.enum(["none", "linear", "dynamic", "llama3", "yarn"]).default("none").meta({
    title: "Scaling",
    description:
      "Stretches the rotation over longer texts: all pairs alike (linear), by a base that grows with the text (dynamic NTK), or slow pairs only (Llama 3, YaRN).",
  }),
  factor: z.number().min(1).default(1).meta({ title: "Factor", description: "How many times longer texts may be." }),
  trainedLength: count(
    "Trained length",
    "Positions that the model was trained with, for all kinds but linear.",
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
  slowTurns: z.number().positive().default(1).meta({
    title: "Slow turns",
    description:
      "yarn: pairs that turn about this often within the trained length, or less, are slowed by the whole factor.",
  }),
  fastTurns: z.number().positive().default(32).meta({
    title: "Fast turns",
    description: "yarn: pairs that turn about this often within the trained length, or more, stay as they are.",
  }),
  magnitude: z.number().positive().optional().meta({
    title: "Magnitude",
    description: "yarn: what rotated channels are multiplied by; 0.1 ln(factor) + 1 without it.",
  }),
};

type RopeScaling = z.output<z.ZodObject<typeof ropeScalingFields>>;

/**
 * How far each pair of `dim` channels turns a position.
 *
 * With w = base^(−2i/dim): linear w/factor; dynamic NTK w of a base that is (factor·length/trained − factor + 1)^(dim/(dim − 2)) times
 * larger, from the trained length on; llama3 w/factor for long waves, w for short ones, and between them a mix; yarn the same by the
 * number of the pair, between those pairs that turn `fastTurns` and `slowTurns` times within the trained length.
 *
 * @param length positions of the whole text
 * @see Chen et al. 2023, Position Interpolation, arXiv:2306.15595; Peng et al. 2023, YaRN, arXiv:2309.00071 (dynamic NTK, YaRN);
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
  if (scaling.scaling === "yarn") {
    const [first, last] = yarnPairs(dim, base, scaling);
    return plain.map((frequency, pair) => {
      const share = 1 - Math.min(Math.max((pair - first) / (last - first), 0), 1);
      return (1 - share) * (frequency / factor) + share * frequency;
    });
  }
  const { lowFrequencyFactor: low, highFrequencyFactor: high } = scaling;
  return plain.map((frequency) => {
    const turns = (trainedLength * frequency) / (2 * Math.PI); // within the trained length
    const share = Math.min(Math.max((turns - low) / (high - low), 0), 1);
    return (1 - share) * (frequency / factor) + share * frequency;
  });
}

/** The pairs between which YaRN goes over from frequencies as they are to those that are slowed. */
function yarnPairs(dim: number, base: number, { trainedLength, fastTurns, slowTurns }: RopeScaling): [number, number] {
  const pairThatTurns = (often: number) =>
    (dim * Math.log(trainedLength / (often * 2 * Math.PI))) / (2 * Math.log(base));
  const first = Math.max(Math.floor(pairThatTurns(fastTurns)), 0);
  const last = Math.min(Math.ceil(pairThatTurns(slowTurns)), dim - 1);
  return [first, first === last ? last + 0.001 : last]; // as in transformers, where nothing lies between
}

/** What rotated channels are multiplied by, so that attention stays as sharp over longer texts: 1 but for YaRN. */
export function scaledMagnitude({ scaling, factor, magnitude }: RopeScaling): number {
  return scaling === "yarn" ? (magnitude ?? 0.1 * Math.log(factor) + 1) : 1;
}
