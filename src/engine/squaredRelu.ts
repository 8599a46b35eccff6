import * as tf from "@tensorflow/tfjs";
import { activate } from "./activation.ts";
import type { Tensor } from "./tensor.ts";

/** max(x, 0)², the activation of the Flamingo paper's feed-forward layers. */
export function squaredRelu(x: Tensor): Tensor {
  return activate("squaredRelu", x, () => tf.square(tf.relu(x)));
}
