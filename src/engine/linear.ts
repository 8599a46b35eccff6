import { FlamingoError } from "../core/errors.ts";
import { add } from "./add.ts";
import { hasKernel, runKernel } from "./kernels.ts";
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
  const [n, k] = weight.shape as [number, number];
  if (x.shape.at(-1) !== k)
    throw new FlamingoError("SHAPE_MISMATCH", `an input of shape [${x.shape}] meets a weight for width ${k}`, {
      fix: `make the input's last axis ${k}`,
    });
  const leading = x.shape.slice(0, -1);
  if (hasKernel("FlamingoMatMul")) {
    const m = leading.reduce((product, size) => product * size, 1);
    const sizes = { batch: 1, m, n, k, transposeA: false, transposeB: true, shape: [...leading, n] };
    return runKernel("FlamingoMatMul", { a: x, b: weight, ...(bias && { bias }) }, sizes);
  }
  const y = matMul(x.reshape([-1, k]), weight, { transposeB: true }).reshape([...leading, n]);
  return bias ? add(y, bias) : y;
}
