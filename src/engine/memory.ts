import { watchBuffers } from "./autodiff/tfjsInternals.ts";
import { memory } from "./tensor.ts";

/** What tensors hold at present and held at most. A clone or a reshape is a tensor of its own, and holds no bytes. */
export interface MemoryUse {
  readonly tensors: number;
  readonly bytes: number;
  /** The most bytes held at once since the start or the last `resetPeak`. */
  readonly peakBytes: number;
}

let bytes = 0;
let peakBytes = 0;

// TensorFlow.js' own count has the bytes of every name of a buffer, and no maximum.
watchBuffers((change) => {
  bytes += change;
  if (bytes > peakBytes) peakBytes = bytes;
});

/** Tensors that are alive. Equal before and after means that nothing leaked. */
export function countTensors(): number {
  return memory().numTensors;
}

/** The tensors that are alive, the bytes that they hold, and the most bytes that were held at once. */
export function memoryUse(): MemoryUse {
  return { tensors: memory().numTensors, bytes, peakBytes };
}

/** Sets the maximum back to what is held now. */
export function resetPeak(): void {
  peakBytes = bytes;
}
