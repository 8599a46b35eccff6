import * as tf from "@tensorflow/tfjs";
import { activate } from "./activation.ts";
import type { Tensor } from "./tensor.ts";

/** Gaussian error linear unit, exact: x·Φ(x) = x·(1 + erf(x/√2))/2. */
export function gelu(x: Tensor): Tensor {
  return activate("gelu", x, () => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)));
}
