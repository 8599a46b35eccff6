import { z } from "zod";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape } from "../engine/tensor.ts";

/**
 * Flattens a grid of vectors to a sequence, row by row.
 *
 * Shapes: `x` [..., height, width, channels], `features` [..., height·width, channels].
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.1 (the grid is flattened), arXiv:2204.14198
 */
export const FlattenGrid = definePrimitive({
  name: "FlattenGrid",
  title: "Flatten grid",
  category: "Vision",
  summary: "Flattens a grid of vectors to a sequence, row by row.",
  paper: "2.1",
  config: z.strictObject({}),
  example: {},
  exampleSizes: { lead: 2, height: 3, width: 4, channels: 5 },
  inputs: { x: float32("...lead height width channels", "a grid of vectors") },
  outputs: { features: float32("...lead height*width channels", "the vectors, one after the other") },
  build:
    () =>
    ({ x }) => {
      const [height, width, channels] = x.shape.slice(-3) as [number, number, number];
      return reshape(x, [...x.shape.slice(0, -3), height * width, channels]);
    },
});

/** A grid of vectors as a sequence, row by row. */
export const flattenGrid = functional(FlattenGrid);
