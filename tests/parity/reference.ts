import { z } from "zod";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import { PerceiverResampler } from "../../src/blocks/perceiverResampler.ts";
import type { AnyBlock } from "../../src/core/block.ts";

/** How a block of the reference corresponds to one of ours. Weights have the same names on both sides. */
export interface Correspondence {
  block: AnyBlock;
  /** Our configuration for the reference's. */
  configure(fields: Record<string, unknown>): Record<string, unknown>;
  /** Names of the reference's inputs, and the port of ours that each goes to. */
  inputs: Readonly<Record<string, string>>;
}

const size = z.int().positive();

/** OpenFlamingo's blocks and ours, with OpenFlamingo's defaults. A further block is one more entry. */
export const reference: Readonly<Record<string, Correspondence>> = {
  PerceiverResampler: {
    block: PerceiverResampler,
    configure: configuration(
      {
        dim: size,
        depth: size.default(6),
        dim_head: size.default(64),
        heads: size.default(8),
        num_latents: size.default(64),
        max_num_media: size.nullish(),
        max_num_frames: size.nullish(),
        ff_mult: size.default(4),
      },
      (fields) => ({
        visualDim: fields.dim,
        depth: fields.depth,
        headDim: fields.dim_head,
        heads: fields.heads,
        latents: fields.num_latents,
        maxMedia: fields.max_num_media ?? undefined,
        maxFrames: fields.max_num_frames ?? undefined,
        feedForward: { type: "FeedForward", config: { mult: fields.ff_mult } },
      }),
    ),
    inputs: { x: "features" },
  },
  GatedCrossAttentionBlock: {
    block: GatedXattnDense,
    configure: configuration(
      {
        dim: size,
        dim_visual: size,
        dim_head: size.default(64),
        heads: size.default(8),
        ff_mult: size.default(4),
        only_attend_immediate_media: z.boolean().default(true),
      },
      (fields) => ({
        dim: fields.dim,
        visualDim: fields.dim_visual,
        headDim: fields.dim_head,
        heads: fields.heads,
        feedForward: { type: "FeedForward", config: { mult: fields.ff_mult } },
        attend: fields.only_attend_immediate_media ? "immediate" : "allPrevious",
        // The reference takes rows with fewer <image> tokens than images. More tags are an error here, as everywhere.
        padded: true,
      }),
    ),
    inputs: { x: "text", media: "media", media_locations: "locations" },
  },
};

/** Reads the reference's fields, whatever else stands beside them, and turns them into ours. */
function configuration<S extends z.ZodRawShape>(
  fields: S,
  ours: (fields: z.output<z.ZodObject<S>>) => Record<string, unknown>,
): Correspondence["configure"] {
  const schema = z.object(fields);
  return (given) => {
    const result = schema.safeParse(given);
    if (result.success) return ours(result.data as z.output<z.ZodObject<S>>);
    const issue = result.error.issues[0]!;
    throw new Error(`config.json: ${issue.path.join(".")}: ${issue.message}`);
  };
}
