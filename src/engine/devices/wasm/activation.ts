import { type Activation, activationOp } from "../../ops/activations.ts";
import { sizeOf } from "./device.ts";
import { gradientKernel, kernel } from "./kernel.ts";

/** In the order of `kernels/activation.ts`. */
const order: readonly Activation[] = ["gelu", "quickGelu", "squaredRelu", "silu", "tanh"];

/** About how much arithmetic one element takes. */
const cost = 20;

export const activationKernels = [
  kernel(activationOp, (device, { x }, { activation }, shape) => {
    const y = device.output(shape);
    const integers = [device.address(x), device.address(y), sizeOf(x), order.indexOf(activation)];
    device.perform("activate", cost * sizeOf(x), integers);
    return y;
  }),
  gradientKernel(activationOp, (device, { x, dy }, { activation }) => {
    const dx = device.output(x.shape);
    const addresses = [x, dy, dx].map((tensor) => device.address(tensor));
    device.perform("activateGradient", cost * sizeOf(x), [...addresses, sizeOf(x), order.indexOf(activation)]);
    return [dx];
  }),
];
