import { sizeOf } from "../core/shape.ts";
import { type ByteSource, memoryBytes } from "./byteSource.ts";
import { dtypes } from "./dtypes.ts";
import { refuse } from "./refuse.ts";
import { checkName, formatHeader, parseHeader } from "./safetensorsHeader.ts";
import { lazyTensor, type StoredTensor, type WeightsFile } from "./storedTensor.ts";

/**
 * Opens a safetensors file: an 8-byte header length, a JSON header, the numbers. Only the header is read; the numbers of a
 * tensor are when somebody looks at them.
 *
 * @throws FlamingoError INVALID_WEIGHTS for whatever the format forbids, naming the file and the tensor: a header that
 *   is cut off, no JSON or has a name twice; an unknown number type; ranges that overlap, leave gaps, lie outside the
 *   file or disagree with the shape; names that JavaScript objects reserve
 * @see https://github.com/huggingface/safetensors#format
 */
export function openSafetensors(bytes: ByteSource): WeightsFile {
  const { entries, metadata, dataStart } = parseHeader(bytes);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin } of entries)
    tensors.set(
      name,
      lazyTensor(dtype, shape, (offset, length, into) => bytes.read(dataStart + begin + offset, length, into)),
    );
  return { tensors, metadata };
}

/**
 * The same for bytes in memory. Arrays are views on `bytes` where these lie aligned, and copies elsewhere.
 * @param source what the bytes are, for messages
 */
export function readSafetensors(bytes: Uint8Array, source = "the safetensors bytes"): WeightsFile {
  return openSafetensors(memoryBytes(bytes, source));
}

export type NamedTensors = Iterable<readonly [name: string, tensor: StoredTensor]>;

/** A safetensors file that is written part by part: its length is known before its numbers are. */
export interface SafetensorsParts {
  readonly size: number;
  /** The header, then the numbers of each tensor, which are looked at one tensor after the other. */
  parts(): Generator<Uint8Array>;
}

/**
 * Lays a safetensors file out. The same tensors give the same bytes, in whatever order they come: wide number types
 * first, so that each tensor lies aligned without gaps, then by name.
 *
 * @throws FlamingoError INVALID_WEIGHTS if a name is reserved or comes twice; while the parts are written, if a tensor's
 *   numbers do not fit its shape or type
 */
export function layOutSafetensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsParts {
  const sorted = [...tensors].sort(
    ([a, left], [b, right]) => dtypes[right.dtype].size - dtypes[left.dtype].size || (a < b ? -1 : 1),
  );
  checkNames(
    sorted.map(([name]) => name),
    metadata,
  );
  let position = 0;
  const entries = sorted.map(([name, { dtype, shape }]) => {
    const begin = position;
    position += bytesOf({ dtype, shape });
    return { name, dtype, shape, begin, end: position };
  });
  const header = formatHeader(entries, metadata);
  return {
    size: header.length + position,
    *parts() {
      yield header;
      for (const [name, tensor] of sorted) yield encodeTensor(name, tensor);
    },
  };
}

/** Bytes that a tensor takes in a file. */
export function bytesOf({ dtype, shape }: Pick<StoredTensor, "dtype" | "shape">): number {
  return sizeOf({ shape }) * dtypes[dtype].size;
}

/** Writes a safetensors file into memory, as `layOutSafetensors` has it. */
export function writeSafetensors(tensors: NamedTensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const { size, parts } = layOutSafetensors(tensors, metadata);
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const part of parts()) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

const written = "the weights to write";

function checkNames(tensors: readonly string[], metadata: Readonly<Record<string, string>>): void {
  for (const name of [...Object.keys(metadata), ...tensors]) checkName(name, written);
  const names = new Set<string>();
  for (const name of tensors) {
    if (names.has(name))
      throw refuse(written, `tensor "${name}" comes twice`, { fix: "give each tensor its own name" });
    names.add(name);
  }
}

/** The bytes of a tensor, little end first. @throws FlamingoError INVALID_WEIGHTS if its numbers do not fit its shape or type */
export function encodeTensor(name: string, { dtype, shape, data }: StoredTensor): Uint8Array {
  const count = sizeOf({ shape });
  if (data.length !== count)
    throw refuse(written, `tensor "${name}" has ${data.length} numbers, but its shape [${shape}] takes ${count}`, {
      expected: count,
      actual: data.length,
      fix: "give the shape that the numbers have",
    });
  if (!dtypes[dtype].accepts(data))
    throw refuse(written, `tensor "${name}" is ${data.constructor.name}, which ${dtype} does not store`, {
      expected: dtype,
      actual: data.constructor.name,
      fix: "convert the numbers, or choose another number type",
    });
  const { buffer, byteOffset, byteLength } = dtypes[dtype].encode(data);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
