import * as tf from "@tensorflow/tfjs";
import type { Device } from "./device.ts";

/** total += part: the sum becomes the numbers of the tensor `total`. */
export function registerAccumulate(device: Device): void {
  tf.registerKernel({
    kernelName: "FlamingoAccumulate",
    backendName: "tensorflow",
    kernelFunc({ inputs }) {
      const { total, part } = inputs as Record<string, tf.TensorInfo>;
      const handles = [device.handleOf(total!), device.handleOf(part!)];
      device.replaceHandle(total!, device.execute("AddV2", handles, device.attributes.floats, 1)[0]!);
      return [];
    },
  });
}
