import * as tf from "@tensorflow/tfjs";
import type { Handle } from "./binding.ts";
import type { Device } from "./device.ts";
import { Work } from "./work.ts";

export type Inputs = Record<string, Handle>;

/** A kernel of the tensorflow device under a name of ours. What it returns is new, never an input. */
export interface KernelDefinition {
  name: string;
  run(work: Work, inputs: Inputs, attributes: never): Handle | Handle[];
}

export function register({ name, run }: KernelDefinition, device: Device): void {
  tf.registerKernel({
    kernelName: name,
    backendName: "tensorflow",
    kernelFunc({ inputs, attrs }) {
      device.tidyConstants();
      const work = new Work(device);
      let results: Handle[] = [];
      try {
        const handles: Inputs = {};
        for (const name in inputs) if (inputs[name]) handles[name] = device.handleOf(inputs[name] as tf.TensorInfo);
        const result = run(work, handles, attrs as never);
        results = Array.isArray(result) ? result : [result];
        const tensors = results.map((handle) => device.tensorOf(handle));
        return Array.isArray(result) ? tensors : tensors[0]!;
      } finally {
        work.end(results);
      }
    },
  });
}

export function sizeOf({ shape }: Handle): number {
  return shape.reduce((product, size) => product * size, 1);
}
