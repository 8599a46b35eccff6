import { type Dtype, dtypes, type StoredNumbers } from "./dtypes.ts";
import { checkName, formatHeader, parseHeader, refuse } from "./safetensorsHeader.ts";

export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The numbers in reading order; F16 and BF16 as float32, converted at the first look. */
  readonly data: StoredNumbers;
}

export interface Safetensors {
  readonly tensors: Map<string, StoredTensor>;
  /** Free text beside the tensors, such as the configuration that made them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file: an 8-byte header length, a JSON header, the numbers. Arrays are views on `bytes` where
 * these lie aligned, and copies elsewhere.
 *
 * @param source what the bytes are, for messages: the file's path
 * @throws FlamingoError INVALID_WEIGHTS for whatever the format forbids, naming the file and the tensor: a header that
 *   is cut off, no JSON or has a name twice; an unknown number type; ranges that overlap, leave gaps, lie outside the
 *   file or disagree with the shape; names that JavaScript objects reserve
 * @see https://github.com/huggingface/safetensors#format
 */
export function readSafetensors(bytes: Uint8Array, source = "the safetensors bytes"): Safetensors {
  const { entries, metadata, dataStart } = parseHeader(bytes, source);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of entries)
    tensors.set(name, storedTensor(dtype, shape, bytes.subarray(dataStart + begin, dataStart + end)));
  return { tensors, metadata };
}

function storedTensor(dtype: Dtype, shape: readonly number[], bytes: Uint8Array): StoredTensor {
  const { size, decode } = dtypes[dtype];
  let data: StoredNumbers | undefined;
  return {
    dtype,
    shape,
    get data() {
      if (!data) {
        const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // slice() of a Buffer copies nothing
        data = decode(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
      }
      return data;
    },
  };
}

/**
 * Writes a safetensors file. The same tensors give the same bytes, in whatever order they come: wide number types
 * first, so that each tensor lies aligned without gaps, then by name.
 *
 * @throws FlamingoError INVALID_WEIGHTS if a tensor's numbers do not fit its shape or type, or a name is reserved or
 *   comes twice
 */
export function writeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: StoredTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(
    ([a, left], [b, right]) => dtypes[right.dtype].size - dtypes[left.dtype].size || (a < b ? -1 : 1),
  );
  checkWritable(sorted, metadata);
  let position = 0;
  const entries = sorted.map(([name, { dtype, shape, data }]) => {
    const begin = position;
    position += data.length * dtypes[dtype].size;
    return { name, dtype, shape, begin, end: position };
  });
  const header = formatHeader(entries, metadata);
  const bytes = new Uint8Array(header.length + position);
  bytes.set(header);
  for (const [index, [, { dtype, data }]] of sorted.entries()) {
    const { buffer, byteOffset, byteLength } = dtypes[dtype].encode(data);
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), header.length + entries[index]!.begin);
  }
  return bytes;
}

function checkWritable(
  tensors: readonly (readonly [string, StoredTensor])[],
  metadata: Readonly<Record<string, string>>,
): void {
  const source = "the weights to write";
  const names = new Set<string>();
  for (const key of Object.keys(metadata)) checkName(key, source);
  for (const [name, { dtype, shape, data }] of tensors) {
    checkName(name, source);
    if (names.has(name)) throw refuse(source, `tensor "${name}" comes twice`, { fix: "give each tensor its own name" });
    names.add(name);
    const count = shape.reduce((product, size) => product * size, 1);
    if (data.length !== count)
      throw refuse(source, `tensor "${name}" has ${data.length} numbers, but its shape [${shape}] takes ${count}`, {
        expected: count,
        actual: data.length,
        fix: "give the shape that the numbers have",
      });
    if (!dtypes[dtype].accepts(data))
      throw refuse(source, `tensor "${name}" is ${data.constructor.name}, which ${dtype} does not store`, {
        expected: dtype,
        actual: data.constructor.name,
        fix: "convert the numbers, or choose another number type",
      });
  }
}
