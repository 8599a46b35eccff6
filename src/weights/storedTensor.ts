import { sizeOf } from "../core/shape.ts";
import type { WeightData } from "../core/weight.ts";
import type { ReadBytes } from "./byteSource.ts";
import { type Dtype, dtypes, type StoredNumbers } from "./dtypes.ts";

/** A tensor as a file holds it, or is to hold it. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /**
   * The numbers in reading order; F16 and BF16 as float32. Those of a file are read at the first look, and once more after
   * nobody held them: the memory that a file takes is that of the tensors in use.
   */
  readonly data: StoredNumbers;
  /** Writes the numbers from an index on as float32 to a place, reading a part at a time. */
  fill?(target: Float32Array, first?: number): void;
}

/** The tensors of a file, by name. */
export interface WeightsFile {
  readonly tensors: Map<string, StoredTensor>;
  /** Free text beside the tensors, such as the configuration that made them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Numbers that are read and converted at a time, where they are written to a place. */
const partLength = 1 << 19;
let part: Uint8Array | undefined;

/** A tensor whose bytes, little end first, are read when somebody looks at its numbers. */
export function lazyTensor(dtype: Dtype, shape: readonly number[], read: ReadBytes): StoredTensor {
  const { size, decode, decodeInto } = dtypes[dtype];
  let held: WeakRef<StoredNumbers> | undefined;
  return {
    dtype,
    shape,
    get data() {
      let data = held?.deref();
      if (!data) {
        const aligned = alignedTo(size, read(0, sizeOf({ shape }) * size));
        data = decode(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
        held = new WeakRef(data);
      }
      return data;
    },
    fill(target, first = 0) {
      part ??= new Uint8Array(8 * partLength);
      for (let at = 0; at < target.length; at += partLength) {
        const count = Math.min(partLength, target.length - at);
        const { buffer, byteOffset } = alignedTo(size, read((first + at) * size, count * size, part));
        decodeInto(buffer, byteOffset, target.subarray(at, at + count));
      }
    },
  };
}

function alignedTo(size: number, bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // slice() of a Buffer copies nothing
}

/** The same tensor with its numbers as float32, converted when somebody looks at them. */
export function asFloats(tensor: StoredTensor): WeightData {
  return {
    shape: tensor.shape,
    ...(tensor.fill && { fill: tensor.fill }),
    get data() {
      const { data } = tensor;
      return data instanceof Float32Array ? data : Float32Array.from(data as Iterable<number | bigint>, Number);
    },
  };
}

/** The tensors of a file with their numbers as float32. */
export function floatTensors({ tensors }: Pick<WeightsFile, "tensors">): Map<string, WeightData> {
  return new Map([...tensors].map(([name, tensor]) => [name, asFloats(tensor)]));
}
