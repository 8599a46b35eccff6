import { getBackend, type Tensor } from "./tensor.ts";

/** Devices that can be read without waiting. */
const synchronous = new Set(["cpu", "wasm", "tensorflow"]);

/**
 * A tensor's numbers if they can be had at once; undefined on a GPU, where reading would stall it. For checks that
 * cost nothing where they are free and are made elsewhere (on the data, before it is sent) where they are not.
 */
export function hostValues(tensor: Tensor): ArrayLike<number> | undefined {
  return synchronous.has(getBackend()) ? tensor.dataSync() : undefined;
}
