import * as tf from "@tensorflow/tfjs";
import { activate } from "./activation.ts";
import type { Tensor } from "./tensor.ts";

/** Sigmoid linear unit: x·sigmoid(x). */
export function silu(x: Tensor): Tensor {
  return activate("silu", x, () => tf.mul(x, tf.sigmoid(x)));
}
