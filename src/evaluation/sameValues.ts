import type { Tensor } from "../engine/tensor.ts";

/** How far values may differ, relative to the largest. */
const tolerance = 1e-4;

/** Whether two tensors hold the same values, but for rounding: what a model gives in two ways that should make no difference. */
export async function haveSameValues(one: Tensor, other: Tensor): Promise<boolean> {
  if (one.shape.join() !== other.shape.join()) return false;
  const [a, b] = (await Promise.all([one.data(), other.data()])) as [Float32Array, Float32Array];
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.every((value, index) => Math.abs(value - b[index]!) <= tolerance * largest);
}
