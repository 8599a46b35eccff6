import type { Tensor } from "@tensorflow/tfjs";
import type { Activation } from "../../ops/activations.ts";
import { runKernel } from "../../ops/kernels.ts";
import { sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { ACTIVATE, ACTIVATE_GRADIENT } from "./kernels/operations.ts";

interface Attributes {
  activation: Activation;
}

/** In the order of `kernels/activation.ts`. */
const order: readonly Activation[] = ["gelu", "quickGelu", "squaredRelu", "silu", "tanh"];

/** About how much arithmetic one element takes. */
const cost = 20;

const activation: KernelDefinition = {
  name: "FlamingoActivation",
  run(device, { x }, { activation }: Attributes) {
    const y = device.output(x!.shape);
    const count = sizeOf(x!);
    const integers = [device.address(x!), device.address(y), count, order.indexOf(activation)];
    device.perform(ACTIVATE, cost * count, integers);
    return y;
  },
  saveInputs: ["x"],
  gradient: (dy: Tensor, [x]: Tensor[], attributes: Attributes) => ({
    x: () => runKernel("FlamingoActivationGradient", { x: x!, dy }, attributes),
  }),
};

const activationGradient: KernelDefinition = {
  name: "FlamingoActivationGradient",
  run(device, { x, dy }, { activation }: Attributes) {
    const dx = device.output(x!.shape);
    const count = sizeOf(x!);
    const addresses = [device.address(x!), device.address(dy!), device.address(dx)];
    device.perform(ACTIVATE_GRADIENT, cost * count, [...addresses, count, order.indexOf(activation)]);
    return dx;
  },
};

export const activationKernels = [activation, activationGradient];
