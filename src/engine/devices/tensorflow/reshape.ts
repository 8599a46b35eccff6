import * as tf from "@tensorflow/tfjs";
import type { Device } from "./device.ts";

/** The same numbers in another shape, in place of TensorFlow.js' own kernel, which makes a tensor of the shape each time. */
export function registerReshape(device: Device): void {
  tf.unregisterKernel("Reshape", "tensorflow");
  tf.registerKernel({
    kernelName: "Reshape",
    backendName: "tensorflow",
    kernelFunc({ inputs, attrs }) {
      device.tidyConstants();
      const { x } = inputs as Record<string, tf.TensorInfo>;
      const { shape } = attrs as unknown as { shape: readonly number[] };
      const handle = device.handleOf(x!);
      const sizes = device.constant(`[${shape}]`, [shape.length], () => Int32Array.from(shape));
      const [result] = device.execute("Reshape", [handle, sizes], device.attributes.reshape(handle.dtype), 1);
      return device.tensorOf(result!);
    },
  });
}
