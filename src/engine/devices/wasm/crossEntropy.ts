import type { Tensor } from "@tensorflow/tfjs";
import { FlamingoError } from "../../../core/errors.ts";
import { runKernel } from "../../ops/kernels.ts";
import { sizeOf } from "./device.ts";
import type { KernelDefinition } from "./kernel.ts";
import { CROSS_ENTROPY, CROSS_ENTROPY_GRADIENT } from "./kernels/operations.ts";

interface Attributes {
  ignore: number;
}

/** About how much arithmetic one logit takes. */
const cost = 16;

const crossEntropy: KernelDefinition = {
  name: "FlamingoCrossEntropy",
  run(device, { logits, targets }, { ignore }: Attributes) {
    const [rows, vocabulary] = logits!.shape as [number, number];
    const wrong = device.integers(targets!).find((id) => id !== ignore && (id < 0 || id >= vocabulary));
    if (wrong !== undefined)
      throw new FlamingoError("INVALID_DATA", `target ${wrong} is not in a vocabulary of ${vocabulary}`, {
        fix: `use targets below ${vocabulary}, or ${ignore} for what shall not be learned`,
      });
    const addresses = [device.address(logits!), device.address(targets!, "int32")];
    device.perform(CROSS_ENTROPY, cost * sizeOf(logits!), [...addresses, rows, vocabulary, ignore]);
    const count = device.total(1);
    return [device.single(device.total(0) / Math.max(count, 1)), device.single(count)];
  },
  saveInputs: ["logits", "targets"],
  saveOutputs: [false, true],
  gradient: ([dy]: Tensor[], [logits, targets, count]: Tensor[], attributes: Attributes) => ({
    logits: () =>
      runKernel(
        "FlamingoCrossEntropyGradient",
        { logits: logits!, targets: targets!, count: count!, dy: dy! },
        attributes,
      ),
  }),
};

const crossEntropyGradient: KernelDefinition = {
  name: "FlamingoCrossEntropyGradient",
  run(device, { logits, targets, count, dy }, { ignore }: Attributes) {
    const gradient = device.output(logits!.shape);
    const [rows, vocabulary] = logits!.shape as [number, number];
    const addresses = [device.address(logits!), device.address(targets!, "int32"), device.address(gradient)];
    const factor = device.read(dy!) / Math.max(device.read(count!), 1);
    const integers = [...addresses, rows, vocabulary, ignore];
    device.perform(CROSS_ENTROPY_GRADIENT, cost * sizeOf(logits!), integers, [factor]);
    return gradient;
  },
};

export const crossEntropyKernels = [crossEntropy, crossEntropyGradient];
