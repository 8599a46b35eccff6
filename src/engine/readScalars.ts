import { concat, getBackend, reshape, type Tensor, tidy } from "./tensor.ts";

/** Reads tensors of one number each at once: each read on its own would wait for the device. */
export async function readScalars(scalars: readonly Tensor[]): Promise<number[]> {
  const joined = tidy(() => concat(scalars.map((scalar) => reshape(scalar, [1]))));
  const numbers = Array.from(await joined.data());
  joined.dispose();
  return numbers;
}

/** Whether the device goes on to what it is given next while numbers are on their way to us. */
export function readsLater(): boolean {
  return getBackend() === "webgpu";
}
