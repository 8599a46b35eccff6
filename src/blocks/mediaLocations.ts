import { z } from "zod";
import { functional } from "../core/functional.ts";
import { int32 } from "../core/port.ts";
import { equalTo } from "../engine/ops/mediaMask.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { locationsPort } from "./mediaPorts.ts";

/**
 * The locations of the `<image>` tokens in a text.
 *
 * locations[b, t] = 1 where ids[b, t] is the id of `<image>`, else 0. Shapes: `ids` and `locations` [batch, length].
 */
export const MediaLocations = definePrimitive({
  name: "MediaLocations",
  title: "Media locations",
  category: "Fusion",
  summary: "The locations of the `<image>` tokens in a text.",
  paper: "2.3",
  config: z.strictObject({
    imageToken: z
      .int()
      .nonnegative()
      .meta({ title: "<image> token", description: "Id of the token that stands for an image." }),
  }),
  example: { imageToken: 1 },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { ids: int32("batch length", "token ids") },
  outputs: { locations: locationsPort },
  chunks: { along: "length" },
  build:
    ({ imageToken }) =>
    ({ ids }) =>
      equalTo(ids, imageToken),
});

/** `mediaLocations.with({ imageToken })(ids)`: 1 at each `<image>` token, else 0. */
export const mediaLocations = functional(MediaLocations);
