import * as tf from "@tensorflow/tfjs";
import type { StepNumbers } from "./adamW.ts";
import type { Device } from "./device.ts";
import { Work } from "./work.ts";

/** AdamW as one operation of ours; value and moments get the new numbers, and other names of the old ones keep theirs. */
export function registerNativeAdamW(device: Device): void {
  tf.registerKernel({
    kernelName: "FlamingoAdamW",
    backendName: "tensorflow",
    kernelFunc({ inputs, attrs }) {
      device.tidyConstants();
      const { value, gradient, m, v, clip } = inputs as Record<string, tf.TensorInfo>;
      const { step, beta1, beta2, epsilon, rate, decay, factor } = attrs as unknown as StepNumbers;
      const root = Math.sqrt(1 - Math.fround(beta2) ** step);
      const corrected = (rate * root) / (1 - Math.fround(beta1) ** step);
      const work = new Work(device);
      const numbers = work.floatsOf([corrected, beta1, beta2, epsilon * root, 1 - rate * decay]);
      const handles = [value!, gradient!, m!, v!].map((tensor) => device.handleOf(tensor));
      const scale = clip ? device.handleOf(clip) : work.number(factor);
      const results = device.execute("FlamingoAdamW", [...handles, scale, numbers], [], 3);
      for (const [at, tensor] of [value!, m!, v!].entries()) device.replaceHandle(tensor, results[at]!);
      work.end([]);
      return [];
    },
  });
}
