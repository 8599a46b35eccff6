import * as tf from "@tensorflow/tfjs";
import type { Device } from "./device.ts";

/** Concat, its gradient SplitV, and Transpose of floats by our operations: the threads of TensorFlow's come late. */
export function registerLayout(device: Device): void {
  replace("Concat", ({ inputs, attrs }) => {
    const parts = Object.values(inputs as Record<string, tf.TensorInfo>);
    if (parts.some(({ dtype }) => dtype !== "float32")) return undefined;
    const { axis } = attrs as unknown as { axis: number };
    const [along] = tf.util.parseAxisParam(axis, parts[0]!.shape);
    const handles = parts.map((part) => device.handleOf(part));
    const whole = [...handles, integers(device, [along!])];
    return device.tensorOf(device.execute("FlamingoConcat", whole, device.attributes.many(parts.length), 1)[0]!);
  });
  replace("SplitV", ({ inputs, attrs }) => {
    const { x } = inputs as { x: tf.TensorInfo };
    if (x.dtype !== "float32") return undefined;
    const { axis, numOrSizeSplits } = attrs as unknown as { axis: number; numOrSizeSplits: number | number[] };
    const along = tf.util.parseAxisParam(axis, x.shape)[0]!;
    const lengths = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along);
    const given = [device.handleOf(x), integers(device, [along, ...lengths])];
    const parts = device.execute("FlamingoSplit", given, device.attributes.many(lengths.length), lengths.length);
    return parts.map((part) => device.tensorOf(part));
  });
  replace("Transpose", ({ inputs, attrs }) => {
    const { x } = inputs as { x: tf.TensorInfo };
    if (x.dtype !== "float32") return undefined;
    const { perm } = attrs as unknown as { perm: readonly number[] };
    const [y] = device.execute("FlamingoTranspose", [device.handleOf(x), integers(device, perm)], [], 1);
    return device.tensorOf(y!);
  });
}

function integers(device: Device, values: readonly number[]) {
  device.tidyConstants();
  return device.constant(`[${values}]`, [values.length], () => Int32Array.from(values));
}

/** Puts a kernel before TensorFlow.js' own, which does what the new one gives nothing for. */
function replace(
  kernelName: string,
  kernel: (given: Parameters<tf.KernelFunc>[0]) => tf.TensorInfo | tf.TensorInfo[] | undefined,
): void {
  const { kernelFunc } = tf.getKernel(kernelName, "tensorflow");
  tf.unregisterKernel(kernelName, "tensorflow");
  tf.registerKernel({
    kernelName,
    backendName: "tensorflow",
    kernelFunc: (given) => kernel(given) ?? kernelFunc(given),
  });
}
