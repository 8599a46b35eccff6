import * as tf from "../../src/engine/tensor.ts";

export interface Numbers {
  shape: number[];
  values: Float32Array;
}

/** Numbers between −`scale` and `scale`, from a seed. */
export function numbers(shape: number[], seed: number, scale = 1): Numbers {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  };
  return { shape, values: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next) };
}

export function tensorOf({ shape, values }: Numbers): tf.Tensor {
  return tf.tensor(values, shape);
}

/** Integers that only the device has: the host made others. */
export function computed(integers: readonly number[]): tf.Tensor {
  return tf.tidy(() => tf.tensor([...integers], [integers.length], "int32").add(tf.scalar(0, "int32")));
}
