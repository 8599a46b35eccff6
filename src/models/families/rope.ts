import { z } from "zod";
import { shortJson } from "../../core/json.ts";
import { only } from "./family.ts";

const factor = z.number().min(1);

/** Positions that the model was trained with, where a kind may say so. */
const originalLength = z.int().positive().nullish();

const kinds = z.discriminatedUnion(
  "rope_type",
  [
    z.object({ rope_type: z.literal("default") }),
    z.strictObject({ rope_type: z.literal("linear"), factor, original_max_position_embeddings: originalLength }),
    z.strictObject({ rope_type: z.literal("dynamic"), factor, original_max_position_embeddings: originalLength }),
    z.strictObject({
      rope_type: z.literal("llama3"),
      factor,
      low_freq_factor: z.number().positive(),
      high_freq_factor: z.number().positive(),
      original_max_position_embeddings: z.int().positive(),
    }),
    z.strictObject({
      rope_type: z.literal("yarn"),
      factor,
      attention_factor: z.number().positive().nullish(),
      beta_fast: z.number().nonnegative().nullish(),
      beta_slow: z.number().nonnegative().nullish(),
      original_max_position_embeddings: originalLength,
      // Versions of transformers differ in whether they read these.
      mscale: only(null, 0),
      mscale_all_dim: only(null, 0),
      truncate: only(true, null),
    }),
  ],
  {
    error: ({ input }) =>
      `${shortJson((input as { rope_type?: unknown }).rope_type)} is not supported, only default, linear, dynamic, llama3 or yarn`,
  },
);

/**
 * `rope_scaling` of transformers; a kind that is not here (longrope) is refused, and so is a field that a kind does not have. `type` is an
 * older name of `rope_type`; where both are given, one version of the library reads the first and another the second.
 */
const scaling = z
  .record(z.string(), z.unknown())
  .nullable()
  .superRefine((given, { addIssue }) => {
    const { type, rope_type: kind } = given ?? {};
    if (type === undefined || kind === undefined || type === kind) return;
    addIssue({ code: "custom", path: ["type"], message: `${shortJson(type)} is not the rope_type ${shortJson(kind)}` });
  })
  .transform((given) => {
    const { type, rope_type: kind = type, ...fields } = given ?? {};
    return { rope_type: kind ?? "default", ...fields };
  })
  .pipe(kinds);

/** The field `rope_scaling`, null by default. */
export const ropeScaling = scaling.default({ rope_type: "default" });

/**
 * For `superRefine` of a configuration: of the kinds other than llama3, `original_max_position_embeddings` is read by some versions of
 * transformers and not by others, so it may only say what `max_position_embeddings` says.
 */
export function trainedLengthAgrees(
  config: { rope_scaling: z.output<typeof ropeScaling>; max_position_embeddings: number },
  { addIssue }: z.core.$RefinementCtx,
): void {
  const { rope_scaling: scaling, max_position_embeddings: length } = config;
  if (scaling.rope_type !== "yarn" && scaling.rope_type !== "dynamic") return;
  const { original_max_position_embeddings: original } = scaling;
  if (original === undefined || original === null || original === length) return;
  const message = `${original} is not supported, only max_position_embeddings, which is ${length}`;
  addIssue({ code: "custom", path: ["rope_scaling", "original_max_position_embeddings"], message });
}

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
