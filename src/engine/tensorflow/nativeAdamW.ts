import * as tf from "@tensorflow/tfjs";
import { corrected, type StepNumbers } from "./adamW.ts";
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
      const numbers = attrs as unknown as StepNumbers;
      const { rate, epsilon } = corrected(numbers);
      const work = new Work(device);
      const kept = 1 - numbers.rate * numbers.decay;
      const state = [value!, m!, v!];
      try {
        const floats = work.floatsOf([rate, numbers.beta1, numbers.beta2, epsilon, kept]);
        const handles = [value!, gradient!, m!, v!].map((tensor) => device.handleOf(tensor));
        const scale = clip ? device.handleOf(clip) : work.number(numbers.factor);
        const results = device.execute("FlamingoAdamW", [...handles, scale, floats], [], state.length);
        for (const [at, tensor] of state.entries()) device.replaceHandle(tensor, results[at]!);
      } finally {
        work.end([]);
      }
      return [];
    },
  });
}
