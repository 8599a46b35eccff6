import { add } from "./add.ts";
import { matMul } from "./matMul.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Linear layer: y = x·Wᵀ + b, with PyTorch's layout of the weight.
 *
 * Shapes: `x` [..., in], `weight` [out, in], `bias` [out], result [..., out].
 *
 * @throws FlamingoError SHAPE_MISMATCH if the input's width is not the weight's.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const flat = x.rank === 1 ? x.reshape([1, -1]) : x;
  const y = matMul(flat, weight, { transposeB: true });
  const result = bias ? add(y, bias) : y;
  return x.rank === 1 ? result.reshape([-1]) : result;
}
