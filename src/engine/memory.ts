import { engine, memory } from "./tensor.ts";

/** What tensors hold at present and held at most. */
export interface MemoryUse {
  readonly tensors: number;
  readonly bytes: number;
  /** The most bytes held at once since the start or the last `resetPeak`. */
  readonly peakBytes: number;
}

let peakBytes = 0;

// TensorFlow.js tells what is held, not what was: its tracker of new tensors is the one place that sees each maximum.
const tracker = engine() as unknown as { trackTensor(...details: unknown[]): void; state: { numBytes: number } };
const track = tracker.trackTensor.bind(tracker);
tracker.trackTensor = (...details) => {
  track(...details);
  if (tracker.state.numBytes > peakBytes) peakBytes = tracker.state.numBytes;
};

/** Tensors that are alive. Equal before and after means that nothing leaked. */
export function countTensors(): number {
  return memory().numTensors;
}

export function memoryUse(): MemoryUse {
  const { numTensors, numBytes } = memory();
  return { tensors: numTensors, bytes: numBytes, peakBytes: Math.max(peakBytes, numBytes) };
}

/** Starts to look for the maximum anew, from what is held now. */
export function resetPeak(): void {
  peakBytes = memory().numBytes;
}
