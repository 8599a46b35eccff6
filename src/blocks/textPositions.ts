import { z } from "zod";
import { count } from "../core/configFields.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32, int32, optional } from "../core/port.ts";
import { optionalSlot } from "../core/slot.ts";
import { add } from "../engine/ops/elementwise.ts";
import { embedding } from "../engine/ops/embedding.ts";
import { tokenPositions } from "../engine/ops/tokenPositions.ts";
import { checkNumbers } from "../engine/read.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { slice } from "../engine/tensor.ts";

/** The input port of a text's mask. */
export const textMask = optional(int32("batch length", "1 at each token, 0 at padding; without it there is none"));

/**
 * Learnt position embeddings of a text: adds a learnt vector to each position.
 *
 * y[b, t] = x[b, t] + weight[offset + t]; with `mask` [batch, length], which is 0 at padding, t counts the tokens of the row that are no
 * padding (`counts: "tokens"`). Shapes: `x` and `y` [batch, length, dim]; there may be fewer positions than `maxLength`. The weight
 * [offset + maxLength, dim] has the block's own name.
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
    offset: z.int().nonnegative().default(0).meta({
      title: "Offset",
      description: "Rows of the table before that of the first position (OPT has 2).",
    }),
    counts: z.enum(["tokens", "positions"]).default("tokens").meta({
      title: "Counts",
      description: "In a padded batch: the tokens of each row, from its first one on; or all positions, padding too.",
    }),
  }),
  example: { maxLength: 7, dim: 6 },
  exampleSizes: { batch: 2, length: 5 },
  inputs: { x: float32("batch length dim", "vectors, one a position"), mask: textMask },
  outputs: { y: float32("batch length dim", "vectors with their position") },
  chunks: { along: "length", cache: true },
  build({ maxLength, dim, offset, counts }, { weight }) {
    const embeddings = weight("", [offset + maxLength, dim], { kind: "normal", std: 0.02 });
    return ({ x, mask }, cache) => {
      const start = cache?.length ?? 0;
      const positions = x.shape[1]!;
      if (!mask || counts === "positions") {
        requirePositions(start + positions, maxLength);
        return add(x, slice(embeddings, [offset + start, 0], [positions, dim]));
      }
      const { positions: counted, count: tokens } = tokenPositions(mask, offset, cache?.get("tokens"));
      // Padding takes up no position, so a padded text may be longer than the table.
      checkNumbers([tokens], (numbers) => requirePositions(Math.max(...Array.from(numbers)), maxLength));
      cache?.set("tokens", tokens);
      return add(x, embedding(embeddings, counted));
    };
  },
});

function requirePositions(count: number, maxLength: number): void {
  if (count <= maxLength) return;
  throw new FlamingoError("SHAPE_MISMATCH", `the text has ${count} positions, but embeddings for ${maxLength}`, {
    expected: maxLength,
    actual: count,
    fix: `set maxLength to ${count} or more, or shorten the text`,
  });
}

/** A slot for position embeddings, added to the token embeddings. */
export const positionsSlot = optionalSlot({
  title: "Position embeddings",
  description: "Added to the token embeddings; none where attention has a position code of its own.",
  inputs: { x: float32("batch length dim", "token embeddings"), mask: textMask },
  outputs: { y: float32("batch length dim", "token embeddings with their position") },
  given: ["dim"],
});
