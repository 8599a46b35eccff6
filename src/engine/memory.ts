import type { DataId } from "@tensorflow/tfjs";
import { engine, memory } from "./tensor.ts";

/** What tensors hold at present and held at most. A clone or a reshape is a tensor of its own, and holds no bytes. */
export interface MemoryUse {
  readonly tensors: number;
  readonly bytes: number;
  /** The most bytes held at once since the start or the last `resetPeak`. */
  readonly peakBytes: number;
}

let bytes = 0;
let peakBytes = 0;

interface Tracker {
  trackTensor(tensor: { dataId: DataId }, ...rest: unknown[]): void;
  removeDataId(dataId: DataId, ...rest: unknown[]): void;
  state: { tensorInfo: { has(dataId: DataId): boolean; get(dataId: DataId): { bytes: number } | undefined } };
}

// TensorFlow.js counts the bytes of every name of a buffer, and tells what is held, not what was: where it learns of a
// buffer and where it forgets it are the two places that see what is really there, and each maximum.
const tracker = engine() as unknown as Tracker;
const track = tracker.trackTensor.bind(tracker);
const forget = tracker.removeDataId.bind(tracker);
const sizeOf = (dataId: DataId) => tracker.state.tensorInfo.get(dataId)?.bytes ?? 0;
tracker.trackTensor = (tensor, ...rest) => {
  const known = sizeOf(tensor.dataId);
  track(tensor, ...rest);
  bytes += sizeOf(tensor.dataId) - known;
  if (bytes > peakBytes) peakBytes = bytes;
};
tracker.removeDataId = (dataId, ...rest) => {
  const known = sizeOf(dataId);
  forget(dataId, ...rest);
  bytes -= known - sizeOf(dataId);
};

/** Tensors that are alive. Equal before and after means that nothing leaked. */
export function countTensors(): number {
  return memory().numTensors;
}

/** The tensors that are alive, the bytes that they hold, and the most bytes that were held at once. */
export function memoryUse(): MemoryUse {
  return { tensors: memory().numTensors, bytes, peakBytes };
}

/** Starts to look for the maximum anew, from what is held now. */
export function resetPeak(): void {
  peakBytes = bytes;
}
