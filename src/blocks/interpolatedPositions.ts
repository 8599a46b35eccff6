import { z } from "zod";
import { count } from "../core/configFields.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32 } from "../core/port.ts";
import { bicubicMatrix } from "../engine/ops/bicubic.ts";
import { add } from "../engine/ops/elementwise.ts";
import { matMul } from "../engine/ops/matMul.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { concat, reshape, slice, type Tensor, tensor, transpose } from "../engine/tensor.ts";

/**
 * Learnt position embeddings of a square grid of patches, interpolated to a grid of another size: for images of another resolution
 * than the encoder was pretrained with.
 *
 * y[.., t] = x[.., t] + table[t], where the table is the learnt one for the tokens before the grid, and its bicubic interpolation for
 * the grid. Shapes: `x` and `y` [..., length, dim] with length = tokens + side²; the weight [tokens + grid², dim] has the block's own
 * name.
 *
 * @throws FlamingoError INVALID_CONFIG if the length is not `tokens` and a square
 * @see Dosovitskiy et al. 2020, ViT, section 3.2, arXiv:2010.11929
 */
export const InterpolatedPositions = definePrimitive({
  name: "InterpolatedPositions",
  title: "Interpolated positions",
  category: "Vision",
  summary:
    "Learnt position embeddings of a square grid of patches, interpolated to a grid of another size: for images of another resolution than the encoder was pretrained with.",
  paper: "arXiv:2010.11929, 3.2",
  config: z.strictObject({
    length: count("Length", "Positions of the sequence.", "positions"),
    dim: count("Width", "Channels of each vector.", "channels"),
    grid: count("Learnt grid", "Patches along a side of the images that the embeddings were learnt with.", "patches"),
    tokens: z.int().nonnegative().default(1).meta({
      title: "Tokens before the grid",
      description: "Positions that belong to no patch, such as the class token's.",
      unit: "tokens",
    }),
    antialias: z.boolean().default(false).meta({
      title: "Antialias",
      description:
        "Widens the kernel where the grid shrinks, as open_clip does when it loads; off as in Hugging Face's models.",
    }),
  }),
  example: { length: 10, dim: 4, grid: 2 },
  exampleSizes: { lead: 2 },
  inputs: { x: float32("...lead length dim", "vectors, one a position") },
  outputs: { y: float32("...lead length dim", "vectors with their position") },
  build({ length, dim, grid, tokens, antialias }, { weight }) {
    const side = Math.round(Math.sqrt(length - tokens));
    if (!(side > 0 && side ** 2 === length - tokens))
      throw new FlamingoError("INVALID_CONFIG", `${length} positions are not ${tokens} tokens and a square grid`, {
        block: "InterpolatedPositions",
        expected: side ** 2 + tokens,
        actual: length,
        fix: "set tokens to the number of positions before the grid",
      });
    const learnt = weight("", [tokens + grid ** 2, dim], { kind: "normal", std: 0.02 });
    const numbers = bicubicMatrix(grid, side, antialias);
    /** Interpolates along the first axis: [grid, n] to [side, n]. */
    const along = (x: Tensor) => matMul(tensor(numbers, [side, grid]), x);
    return ({ x }) => {
      const rows = along(reshape(slice(learnt, [tokens, 0], [-1, dim]), [grid, grid * dim]));
      const columns = transpose(reshape(rows, [side, grid, dim]), [1, 0, 2]);
      const both = reshape(along(reshape(columns, [grid, side * dim])), [side, side, dim]);
      const patches = reshape(transpose(both, [1, 0, 2]), [side ** 2, dim]);
      return add(x, tokens > 0 ? concat([slice(learnt, [0, 0], [tokens, dim]), patches], 0) : patches);
    };
  },
});
