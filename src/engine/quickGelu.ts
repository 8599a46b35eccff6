import * as tf from "@tensorflow/tfjs";
import { activate } from "./activation.ts";
import type { Tensor } from "./tensor.ts";

/** CLIP's approximation of GELU: x·sigmoid(1.702·x). */
export function quickGelu(x: Tensor): Tensor {
  return activate("quickGelu", x, () => tf.mul(x, tf.sigmoid(tf.mul(x, 1.702))));
}
