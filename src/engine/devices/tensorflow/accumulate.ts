import * as tf from "@tensorflow/tfjs";
import { accumulateOp } from "../../autodiff/tape.ts";
import { registered } from "../../kernels.ts";
import type { Device } from "./device.ts";

/** total += part: the sum becomes the numbers of the tensor `total`. */
export function registerAccumulate(device: Device, native: boolean): void {
  tf.registerKernel({
    kernelName: registered(accumulateOp.name),
    backendName: "tensorflow",
    kernelFunc({ inputs }) {
      const { total, part } = inputs as Record<string, tf.TensorInfo>;
      const handles = [device.handleOf(total!), device.handleOf(part!)];
      const [sum] = native
        ? device.execute("FlamingoAdd", handles, [], 1)
        : device.execute("AddV2", handles, device.attributes.floats, 1);
      device.replaceHandle(total!, sum!);
      return [];
    },
  });
}
