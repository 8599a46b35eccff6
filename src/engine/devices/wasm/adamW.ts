import { sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { ADAM_W } from "./kernels/operations.ts";

interface Attributes {
  step: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  rate: number;
  decay: number;
  factor: number;
}

const adamW: KernelDefinition = {
  name: "FlamingoAdamW",
  run(device, { value, gradient, m, v, clip }, attributes: Attributes) {
    const { step, beta1, beta2, epsilon, rate, decay } = attributes;
    const factor = clip ? device.read(clip) : attributes.factor;
    if (factor === 0) return [];
    const count = sizeOf(value!);
    device.perform(
      ADAM_W,
      16 * count,
      [...[value, gradient, m, v].map((tensor) => device.address(tensor!)), count],
      [
        ...[factor, beta1, 1 - beta1, beta2, 1 - beta2, epsilon],
        ...[1 / Math.sqrt(1 - beta2 ** step), rate / (1 - beta1 ** step), 1 - rate * decay],
      ],
    );
    return [];
  },
};

export const adamWKernels = [adamW];
