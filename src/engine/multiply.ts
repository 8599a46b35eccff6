import * as tf from "@tensorflow/tfjs";
import { hasKernel, repeats, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/** Product, element by element. `b` has the shape of `a`, or of its last axes. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return repeats(a, b) && hasKernel("FlamingoMultiply")
    ? runKernel("FlamingoMultiply", { a, b }, { shape: b.shape })
    : tf.mul(a, b);
}
