import * as tf from "@tensorflow/tfjs";
import { hasKernel, repeats, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/** Sum, element by element. `b` has the shape of `a`, or of its last axes (as [T, D] does for [B, T, D]). */
export function add(a: Tensor, b: Tensor): Tensor {
  return repeats(a, b) && hasKernel("FlamingoAdd")
    ? runKernel("FlamingoAdd", { a, b }, { shape: b.shape })
    : tf.add(a, b);
}
