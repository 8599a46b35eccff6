import { z } from "zod";

const factor = z.number().min(1);

/** `rope_scaling` of transformers; a kind that is not here (longrope) is refused. `type` is an older name of `rope_type`. */
const scaling = z.preprocess(
  (value) => {
    const { type, rope_type = type, ...fields } = (value ?? {}) as Record<string, unknown>;
    return { rope_type: rope_type ?? "default", ...fields };
  },
  z.discriminatedUnion(
    "rope_type",
    [
      z.object({ rope_type: z.literal("default") }),
      z.object({ rope_type: z.literal("linear"), factor }),
      z.object({ rope_type: z.literal("dynamic"), factor }),
      z.object({
        rope_type: z.literal("llama3"),
        factor,
        low_freq_factor: z.number().positive(),
        high_freq_factor: z.number().positive(),
        original_max_position_embeddings: z.int().positive(),
      }),
      z.object({
        rope_type: z.literal("yarn"),
        factor,
        attention_factor: z.number().positive().nullish(),
        beta_fast: z.number().nonnegative().nullish(),
        beta_slow: z.number().nonnegative().nullish(),
      }),
    ],
    {
      error: ({ input }) =>
        `${JSON.stringify((input as { rope_type: unknown }).rope_type)} is not supported, only default, linear, dynamic, llama3 or yarn`,
    },
  ),
);

/** The field `rope_scaling`, null by default. */
export const ropeScaling = scaling.default({ rope_type: "default" });

/** The fields of our rotary attention for it. @param trainedLength `max_position_embeddings` */
export function scalingFields(
  scaling: z.output<typeof ropeScaling>,
  trainedLength: number,
): Record<string, string | number> {
  switch (scaling.rope_type) {
    case "default":
      return {};
    case "linear":
      return { scaling: "linear", factor: scaling.factor };
    case "dynamic":
      return { scaling: "dynamic", factor: scaling.factor, trainedLength };
    case "llama3":
      return {
        scaling: "llama3",
        factor: scaling.factor,
        trainedLength: scaling.original_max_position_embeddings,
        lowFrequencyFactor: scaling.low_freq_factor,
        highFrequencyFactor: scaling.high_freq_factor,
      };
    case "yarn":
      return {
        scaling: "yarn",
        factor: scaling.factor,
        trainedLength,
        // As in transformers, 0 counts as not given.
        ...(scaling.beta_fast ? { fastTurns: scaling.beta_fast } : {}),
        ...(scaling.beta_slow ? { slowTurns: scaling.beta_slow } : {}),
        ...(scaling.attention_factor ? { magnitude: scaling.attention_factor } : {}),
      };
  }
}

/**
 * The same configuration with `rope_parameters`, in which transformers 5 keeps all that it says of the rotation, under the names before.
 * @param names of the base and of the share of a head that is rotated, as far as the family has them
 */
export function withRopeParameters(
  config: Readonly<Record<string, unknown>>,
  names: { base: string; share?: string },
): Record<string, unknown> {
  const { rope_parameters: given, ...others } = config;
  if (typeof given !== "object" || given === null) return config;
  const { rope_theta: base, partial_rotary_factor: share, ...scaling } = given as Record<string, unknown>;
  return {
    ...others,
    ...(base === undefined ? {} : { [names.base]: base }),
    ...(share === undefined ? {} : { [names.share ?? "partial_rotary_factor"]: share }),
    rope_scaling: scaling,
  };
}
