import { hostValues } from "../read.ts";
import { cast, cumsum, maximum, notEqual, scalar, slice, type Tensor, tensor } from "../tensor.ts";
import { add } from "./elementwise.ts";

/**
 * Positions of tokens in texts that are padded: each row counts its own tokens, from `offset` on. Padding before the first token has
 * the first position. Also the number of tokens of each row so far. A mask that the host made is counted there, so that it knows the result and can
 * check it.
 *
 * Shapes: `mask` int32 [batch, length], nonzero at tokens; `positions` int32 [batch, length]; `before` and `count` int32 [batch, 1].
 *
 * @param before tokens in the chunks before this one
 */
export function tokenPositions(mask: Tensor, offset = 0, before?: Tensor): { positions: Tensor; count: Tensor } {
  const [rows, length] = mask.shape as [number, number];
  const known = hostValues(mask);
  const earlier = before && hostValues(before);
  if (known && (earlier || !before)) {
    const positions = new Int32Array(rows * length);
    const counts = Int32Array.from({ length: rows }, (_, row) => earlier?.[row] ?? 0);
    for (let at = 0; at < positions.length; at++) {
      const row = Math.floor(at / length);
      if (known[at] !== 0) counts[row]!++;
      positions[at] = offset + Math.max(counts[row]! - 1, 0);
    }
    return { positions: tensor(positions, [rows, length], "int32"), count: tensor(counts, [rows, 1], "int32") };
  }
  const here = cumsum(cast(notEqual(mask, scalar(0, "int32")), "int32"), 1);
  const tokens = before ? add(here, before) : here;
  const positions = add(maximum(tokens, scalar(1, "int32")), scalar(offset - 1, "int32"));
  return { positions, count: slice(tokens, [0, length - 1], [rows, 1]) };
}
