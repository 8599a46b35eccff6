import { sizeOf } from "../../../core/shape.ts";
import { type Activation, activationOp } from "../../ops/activations.ts";
import { gradientKernel, kernel } from "./kernel.ts";

/** The numbers by which `kernels/activation.ts` knows them. */
const numbers: Readonly<Record<Activation, number>> = {
  gelu: 0,
  quickGelu: 1,
  squaredRelu: 2,
  silu: 3,
  tanh: 4,
  relu: 5,
  geluTanh: 6,
};

/** About how much arithmetic one element takes. */
const cost = 20;

export const activationKernels = [
  kernel(activationOp, (device, { x }, { activation }, shape) => {
    const y = device.output(shape);
    const integers = [device.address(x), device.address(y), sizeOf(x), numbers[activation]];
    device.perform("activate", cost * sizeOf(x), integers);
    return y;
  }),
  gradientKernel(activationOp, (device, { x, dy }, { activation }) => {
    const dx = device.output(x.shape);
    const addresses = [x, dy, dx].map((tensor) => device.address(tensor));
    device.perform("activateGradient", cost * sizeOf(x), [...addresses, sizeOf(x), numbers[activation]]);
    return [dx];
  }),
];
