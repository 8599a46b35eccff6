import { z } from "zod";
import { int32 } from "../core/port.ts";
import { equalTo } from "../engine/ops/mediaMask.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";

/**
 * Finds the `<image>` tags in a text.
 *
 * locations[b, t] = 1 where ids[b, t] is the tag's id, else 0. Shapes: `ids` and `locations` [batch, length].
 */
export const MediaLocations = definePrimitive({
  name: "MediaLocations",
  title: "Media locations",
  category: "Fusion",
  summary: "Finds the `<image>` tags in a text.",
  paper: "2.3",
  config: z.strictObject({
    imageToken: z
      .int()
      .nonnegative()
      .meta({ title: "<image> token", description: "Id of the tag that stands for an image." }),
  }),
  example: { imageToken: 1 },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { ids: int32("batch length", "token ids") },
  outputs: { locations: int32("batch length", "1 at each <image> tag, else 0") },
  pieces: { along: "length" },
  build:
    ({ imageToken }) =>
    ({ ids }) =>
      equalTo(ids, imageToken),
});
