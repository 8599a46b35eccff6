import * as tf from "@tensorflow/tfjs";
import { type Kernel, kernelsOf } from "../kernel.ts";
import type { Handle } from "./binding.ts";
import type { Device } from "./device.ts";
import { Work } from "./work.ts";

/** A kernel of the tensorflow device. What it returns is new, never an input. */
export type TensorflowKernel = Kernel<Work, Handle>;

export const { kernel, gradientKernel } = kernelsOf<Work, Handle>();

export function register({ name, run }: TensorflowKernel, device: Device): void {
  tf.registerKernel({
    kernelName: name,
    backendName: "tensorflow",
    kernelFunc({ inputs, attrs }) {
      device.tidyConstants();
      const work = new Work(device);
      let results: Handle[] = [];
      try {
        const handles: Record<string, Handle> = {};
        for (const name in inputs) if (inputs[name]) handles[name] = device.handleOf(inputs[name] as tf.TensorInfo);
        const result = run(work, handles, attrs ?? {});
        results = Array.isArray(result) ? result : [result];
        const tensors = results.map((handle) => device.tensorOf(handle));
        return Array.isArray(result) ? tensors : tensors[0]!;
      } finally {
        work.end(results);
      }
    },
  });
}
