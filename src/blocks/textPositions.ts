import { z } from "zod";
import { count } from "../core/block.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32 } from "../core/port.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { slice } from "../engine/tensor.ts";

/**
 * Tells the places of a text apart by adding a learnt vector to each: for language models without ALiBi.
 *
 * y[b, t] = x[b, t] + weight[t]. Shapes: `x` and `y` [batch, length, dim]; there may be fewer places than `maxLength`. The
 * weight [maxLength, dim] has the block's own name.
 *
 * @throws FlamingoError SHAPE_MISMATCH if the text has more places than `maxLength`
 * @see Radford et al. 2019 (GPT-2); Zhang et al. 2022, OPT, arXiv:2205.01068
 */
export const TextPositions = definePrimitive({
  name: "TextPositions",
  title: "Text positions",
  category: "Language",
  summary: "Tells the places of a text apart by adding a learnt vector to each: for language models without ALiBi.",
  paper: "arXiv:2205.01068",
  config: z.strictObject({
    maxLength: count("Longest text", "Places that have a vector.", "tokens"),
    dim: count("Width", "Channels of each vector.", "channels"),
  }),
  example: { maxLength: 7, dim: 6 },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { x: float32("batch length dim", "vectors, one a place") },
  outputs: { y: float32("batch length dim", "vectors that know their place") },
  pieces: { along: "length", past: true },
  build({ maxLength, dim }, { weight }) {
    const embeddings = weight("", [maxLength, dim], { kind: "normal", std: 0.02 });
    return ({ x }, past) => {
      const start = past?.length ?? 0;
      const places = x.shape[1]!;
      if (start + places > maxLength)
        throw new FlamingoError(
          "SHAPE_MISMATCH",
          `the text has ${start + places} places, but vectors for ${maxLength}`,
          {
            expected: maxLength,
            actual: start + places,
            fix: `set maxLength to ${start + places} or more, or shorten the text`,
          },
        );
      return add(x, slice(embeddings, [start, 0], [places, dim]));
    };
  },
});
