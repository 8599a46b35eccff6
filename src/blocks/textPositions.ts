import { z } from "zod";
import { count } from "../core/block.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32 } from "../core/port.ts";
import { optionalSlot } from "../core/slot.ts";
import { add } from "../engine/ops/elementwise.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { slice } from "../engine/tensor.ts";

/**
 * Learnt position embeddings of a text: adds a learnt vector to each position.
 *
 * y[b, t] = x[b, t] + weight[t]. Shapes: `x` and `y` [batch, length, dim]; there may be fewer positions than `maxLength`. The
 * weight [maxLength, dim] has the block's own name.
 *
 * @throws FlamingoError SHAPE_MISMATCH if the text has more positions than `maxLength`
 * @see Radford et al. 2019 (GPT-2); Zhang et al. 2022, OPT, arXiv:2205.01068
 */
export const TextPositions = definePrimitive({
  name: "TextPositions",
  title: "Text positions",
  category: "Language",
  summary: "Learnt position embeddings of a text: adds a learnt vector to each position.",
  paper: "arXiv:2205.01068",
  config: z.strictObject({
    maxLength: count("Longest text", "Positions that have an embedding.", "tokens"),
    dim: count("Width", "Channels of each vector.", "channels"),
  }),
  example: { maxLength: 7, dim: 6 },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { x: float32("batch length dim", "vectors, one a position") },
  outputs: { y: float32("batch length dim", "vectors with their position") },
  chunks: { along: "length", cache: true },
  build({ maxLength, dim }, { weight }) {
    const embeddings = weight("", [maxLength, dim], { kind: "normal", std: 0.02 });
    return ({ x }, cache) => {
      const start = cache?.length ?? 0;
      const positions = x.shape[1]!;
      if (start + positions > maxLength)
        throw new FlamingoError(
          "SHAPE_MISMATCH",
          `the text has ${start + positions} positions, but embeddings for ${maxLength}`,
          {
            expected: maxLength,
            actual: start + positions,
            fix: `set maxLength to ${start + positions} or more, or shorten the text`,
          },
        );
      return add(x, slice(embeddings, [start, 0], [positions, dim]));
    };
  },
});

/** A slot for position embeddings, added to the token embeddings. */
export const positionsSlot = optionalSlot({
  title: "Position embeddings",
  description: "Added to the token embeddings; none where attention has a position code of its own.",
  inputs: { x: float32("batch length dim", "token embeddings") },
  outputs: { y: float32("batch length dim", "token embeddings with their position") },
  given: ["dim"],
});
