import { sizeOf } from "../../../core/shape.ts";
import { adamWOp } from "../../ops/adamW.ts";
import { inPlaceKernel } from "./kernel.ts";

export const adamWKernels = [
  inPlaceKernel(adamWOp, (device, { value, gradient, m, v, clip }, attributes) => {
    const { step, beta1, beta2, epsilon, rate, decay } = attributes;
    const factor = clip ? device.read(clip) : attributes.factor;
    if (factor === 0) return;
    const count = sizeOf(value);
    device.perform(
      "adamW",
      16 * count,
      [...[value, gradient, m, v].map((tensor) => device.address(tensor)), count],
      [
        ...[factor, beta1, 1 - beta1, beta2, 1 - beta2, epsilon],
        ...[1 / Math.sqrt(1 - beta2 ** step), rate / (1 - beta1 ** step), 1 - rate * decay],
      ],
    );
  }),
];
