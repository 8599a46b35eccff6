import { sizeOf } from "../../../core/shape.ts";
import { crossEntropyGradientOp, crossEntropyOp } from "../../ops/crossEntropy.ts";
import { kernel } from "./kernel.ts";

/** About how much arithmetic one logit takes. */
const cost = 16;

export const crossEntropyKernels = [
  kernel(crossEntropyOp, (device, { logits, targets }, { ignore }) => {
    const [rows, vocabulary] = logits.shape as [number, number];
    const addresses = [device.address(logits), device.address(targets, "int32")];
    device.perform("crossEntropy", cost * sizeOf(logits), [...addresses, rows, vocabulary, ignore]);
    const count = device.total(1);
    return [device.single(device.total(0) / Math.max(count, 1)), device.single(count)];
  }),
  kernel(crossEntropyGradientOp, (device, { logits, targets, count, dy }, { ignore }, shape) => {
    const gradient = device.output(shape);
    const [rows, vocabulary] = logits.shape as [number, number];
    const addresses = [device.address(logits), device.address(targets, "int32"), device.address(gradient)];
    const factor = device.read(dy) / Math.max(device.read(count), 1);
    device.perform("crossEntropyGradient", cost * sizeOf(logits), [...addresses, rows, vocabulary, ignore], [factor]);
    return gradient;
  }),
];
