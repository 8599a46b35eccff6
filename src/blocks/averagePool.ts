import { z } from "zod";
import { count } from "../core/configFields.ts";
import { functional } from "../core/functional.ts";
import { float32 } from "../core/port.ts";
import { averagePool as pool } from "../engine/ops/averagePool.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { onGrids } from "./grids.ts";

/**
 * Average pooling: the mean of each square of a grid, or of what of it is inside at the edges.
 *
 * Shapes: `x` [..., height, width, channels], `y` [..., ⌈height/size⌉, ⌈width/size⌉, channels].
 */
export const AveragePool = definePrimitive({
  name: "AveragePool",
  title: "Average pooling",
  category: "Vision",
  summary: "Average pooling: the mean of each square of a grid, or of what of it is inside at the edges.",
  config: z.strictObject({ size: count("Size", "Side of the squares.", "pixels").default(2) }),
  example: {},
  exampleSizes: { lead: 2, height: 5, width: 4, channels: 3 },
  inputs: { x: float32("...lead height width channels", "grids of features") },
  outputs: { y: float32("...lead (height+size-1)/size (width+size-1)/size channels", "smaller grids") },
  build:
    ({ size }) =>
    ({ x }) =>
      onGrids(x, (grids) => pool(grids, size)),
});

/** `averagePool.with({ size })(x)`. */
export const averagePool = functional(AveragePool);
