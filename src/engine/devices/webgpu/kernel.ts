import * as tf from "@tensorflow/tfjs";
import type { Device } from "./device.ts";

export type Inputs = Record<string, tf.TensorInfo>;

/** A kernel of the webgpu device; the operation's gradient is registered once for all devices. */
export interface KernelDefinition {
  name: string;
  run(device: Device, inputs: Inputs, attributes: never): tf.TensorInfo | tf.TensorInfo[];
}

export function register({ name, run }: KernelDefinition, device: Device): void {
  if (tf.getKernel(name, "webgpu")) tf.unregisterKernel(name, "webgpu");
  tf.registerKernel({
    kernelName: name,
    backendName: "webgpu",
    kernelFunc: ({ inputs, attrs }) => run(device, inputs as Inputs, attrs as never),
  });
}
