import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape } from "../engine/tensor.ts";

/**
 * Flattens the media of a document: the visual tokens of all images as one sequence.
 *
 * Shapes: `x` [batch, media, latents, dim], `y` [batch, media·latents, dim].
 */
export const FlattenMedia = definePrimitive({
  name: "FlattenMedia",
  title: "Flatten media",
  category: "Fusion",
  summary: "Flattens the media of a document: the visual tokens of all images as one sequence.",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { batch: 1, media: 2, latents: 4, dim: 5 },
  inputs: { x: float32("batch media latents dim", "visual tokens of each image") },
  outputs: { y: float32("batch media*latents dim", "all images' tokens, one after the other") },
  build:
    () =>
    ({ x }) => {
      const [batch, media, latents, dim] = x.shape as [number, number, number, number];
      return reshape(x, [batch, media * latents, dim]);
    },
});

/** The visual tokens of all images of a document as one sequence. */
export const flattenMedia = functional(FlattenMedia);
