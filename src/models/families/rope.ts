import { z } from "zod";

const factor = z.number().min(1);

/** `rope_scaling` of transformers; kinds that are not here (yarn, longrope) are refused. `type` is an older name of `rope_type`. */
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
    ],
    {
      error: ({ input }) =>
        `${JSON.stringify((input as { rope_type: unknown }).rope_type)} is not supported, only default, linear, dynamic or llama3`,
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
  }
}
