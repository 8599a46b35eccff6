import * as tf from "@tensorflow/tfjs";
import { sizeOf } from "../../../core/shape.ts";
import { elementwise, performElementwise } from "./elementwise.ts";
import { tfjsKernel } from "./kernel.ts";

const whole = elementwise({ inputs: { x: "i32" }, formula: () => "y[i] = f32(x[i]);" });

const theirs = tf.getKernel("Cast", "webgpu");

/**
 * Integers and truth values become floats here, where TensorFlow.js leaves their bits as they are, which its kernels know of
 * and ours do not. Its other casts stay.
 */
export const castKernels = [
  tfjsKernel("Cast", (device, { x }, attrs: { dtype: tf.DataType }) => {
    const isWhole = x!.dtype === "int32" || x!.dtype === "bool";
    if (attrs.dtype !== "float32" || !isWhole || sizeOf(x!) === 0)
      return theirs!.kernelFunc({ inputs: { x: x! }, backend: tf.backend(), attrs }) as tf.TensorInfo;
    const y = device.output(x!.shape);
    performElementwise(device, whole, y, [x!], [], false);
    return y;
  }),
];
