import { hasKernel, runKernel } from "./kernels.ts";
import type { Tensor } from "./tensor.ts";

/** The functions that the fused kernel for activations knows. */
export type Activation = "gelu" | "quickGelu" | "squaredRelu" | "silu" | "tanh";

/** Applies an activation, fused where the device can, else by its plain formula. */
export function activate(activation: Activation, x: Tensor, plain: () => Tensor): Tensor {
  return hasKernel("FlamingoActivation") ? runKernel("FlamingoActivation", { x }, { activation }) : plain();
}
