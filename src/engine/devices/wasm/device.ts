import type * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../../core/errors.ts";
import type { SharedBackend } from "./module.ts";
import type { Team } from "./team.ts";

/** What a kernel works with: threads that perform, and tensors in their memory. */
export interface Device extends Pick<Team, "perform" | "total" | "threads"> {
  /** Byte offset of a tensor's first element; throws if it holds other numbers than `dtype` (float32 by default). */
  address(tensor: tf.TensorInfo, dtype?: tf.DataType): number;
  /** A new tensor of undefined content. */
  output(shape: readonly number[], dtype?: tf.DataType): tf.TensorInfo;
  /** Gives all elements one value. */
  fill(tensor: tf.TensorInfo, value: number): void;
  /** Frees a tensor that no one outside the kernel has seen. */
  release(tensor: tf.TensorInfo): void;
  /** The one number of a tensor. */
  read(tensor: tf.TensorInfo): number;
  /** A new tensor of one number. */
  single(value: number, shape?: readonly number[]): tf.TensorInfo;
  /** Writes float32 numbers into a workspace. */
  write(address: number, numbers: readonly number[]): void;
  /** Runs work with some bytes of memory, and frees them. */
  withWorkspace(bytes: number, work: (address: number) => void): void;
}

export function openDevice(team: Team, { backend, memory, allocate, free }: SharedBackend): Device {
  const address = (tensor: tf.TensorInfo, dtype: tf.DataType = "float32"): number => {
    if (tensor.dtype !== dtype)
      throw new FlamingoError("DTYPE_MISMATCH", `expected numbers of type ${dtype}, found ${tensor.dtype}`);
    return backend.dataIdMap.get(tensor.dataId).memoryOffset;
  };
  const output = (shape: readonly number[], dtype: tf.DataType = "float32") => backend.makeOutput([...shape], dtype);
  return {
    perform: team.perform,
    total: team.total,
    threads: team.threads,
    address,
    output,
    fill: (tensor, value) => void backend.typedArrayFromHeap(tensor).fill(value),
    release: (tensor) => void backend.disposeData(tensor.dataId),
    read: (tensor) => new Float32Array(memory.buffer, address(tensor), 1)[0]!,
    single(value, shape = []) {
      const tensor = output(shape);
      new Float32Array(memory.buffer, address(tensor), 1)[0] = value;
      return tensor;
    },
    write: (at, numbers) => new Float32Array(memory.buffer, at, numbers.length).set(numbers),
    withWorkspace(bytes, work) {
      const workspace = allocate(bytes);
      try {
        work(workspace);
      } finally {
        free(workspace);
      }
    },
  };
}
