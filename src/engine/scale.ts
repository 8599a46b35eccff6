import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/** Every element times one number. */
export function scale(x: Tensor, factor: number): Tensor {
  return hasKernel("FlamingoScale") ? runKernel("FlamingoScale", { x }, { factor }) : tf.mul(x, factor);
}
