import * as tf from "@tensorflow/tfjs";
import { activate } from "./activation.ts";
import type { Tensor } from "./tensor.ts";

/** Hyperbolic tangent, element by element. */
export function tanh(x: Tensor): Tensor {
  return activate("tanh", x, () => tf.tanh(x));
}
