import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { sizeOf } from "../../core/shape.ts";
import { makeFolder } from "../../files/makeFolder.ts";
import { writeAtomic } from "../../files/writeAtomic.ts";
import type { ByteProgress } from "../file.ts";
import { refuse } from "../refuse.ts";
import { bytesOf, encodeTensor, type NamedTensors } from "../safetensors.ts";
import type { StoredTensor } from "../storedTensor.ts";
import { storageTypes } from "./checkpoint.ts";

/**
 * Saves weights as a PyTorch state dict, which `torch.load(path, weights_only=True)` reads: in one step, and of tensors in a file one
 * at a time is in memory.
 *
 * @throws FlamingoError INVALID_WEIGHTS if a tensor's numbers do not fit its shape or type, or PyTorch has no such type; the system's
 *   own error where the disk refuses, with the old file untouched
 */
export async function savePytorch(
  path: string,
  tensors: NamedTensors,
  progress: ByteProgress = () => {},
): Promise<void> {
  const named = [...tensors];
  const total = named.reduce((sum, [, tensor]) => sum + bytesOf(tensor), 0);
  await makeFolder(dirname(path));
  await writeAtomic(path, zipParts(entriesOf(named)), (bytes) => progress(Math.min(bytes, total), total));
}

interface Entry {
  name: string;
  size: number;
  bytes(): Uint8Array;
}

function entriesOf(tensors: readonly (readonly [string, StoredTensor])[]): Entry[] {
  const pickle = stateDictPickle(tensors);
  const whole = (name: string, bytes: Uint8Array): Entry => ({ name, size: bytes.length, bytes: () => bytes });
  return [
    whole("archive/data.pkl", pickle),
    whole("archive/byteorder", Buffer.from("little")),
    ...tensors.map(
      ([name, tensor], index): Entry => ({
        name: `archive/data/${index}`,
        size: bytesOf(tensor),
        bytes: () => encodeTensor(name, tensor),
      }),
    ),
    whole("archive/version", Buffer.from("3\n")),
  ];
}

/** An OrderedDict of calls of `_rebuild_tensor_v2`, as PyTorch writes it, in protocol 2. */
function stateDictPickle(tensors: readonly (readonly [string, StoredTensor])[]): Uint8Array {
  const typeOf = new Map(Object.entries(storageTypes).map(([name, dtype]) => [dtype, name]));
  const parts: Uint8Array[] = [Buffer.from("\x80\x02ccollections\nOrderedDict\n)R(", "latin1")];
  for (const [index, [name, { dtype, shape }]] of tensors.entries()) {
    const type = typeOf.get(dtype);
    if (type === undefined)
      throw refuse(
        "the weights to write",
        `tensor "${name}" has the number type ${dtype}, which PyTorch does not have`,
        {
          fix: "convert the tensor to another type, or export to safetensors",
        },
      );
    const [module, storage] = type.split(".");
    parts.push(
      text(name),
      Buffer.from("ctorch._utils\n_rebuild_tensor_v2\n((", "latin1"),
      text("storage"),
      Buffer.from(`c${module}\n${storage}\n`),
      text(String(index)),
      text("cpu"),
      whole(sizeOf({ shape })),
      Buffer.from("tQK\0(", "latin1"), // the tuple of the storage; its first number; the shape
      ...shape.map(whole),
      Buffer.from("t(", "latin1"),
      ...stridesOf(shape).map(whole),
      Buffer.from("t\x89ccollections\nOrderedDict\n)RtR", "latin1"), // no gradient, no hooks
    );
  }
  parts.push(Buffer.from("u.", "latin1"));
  return Buffer.concat(parts);
}

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf({ shape: shape.slice(axis + 1) }));
}

/** BINUNICODE */
function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  const head = Buffer.from("X\0\0\0\0", "latin1");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** LONG1, of eight bytes. */
function whole(value: number): Uint8Array {
  const bytes = Buffer.from("\x8a\x08\0\0\0\0\0\0\0\0", "latin1");
  bytes.writeBigInt64LE(BigInt(value), 2);
  return bytes;
}

const most32 = 0xffffffff;

/** A zip of files that are stored as they are, with the fields of large files throughout. */
function* zipParts(entries: readonly Entry[]): Generator<Uint8Array> {
  const directory: Buffer[] = [];
  let position = 0;
  for (const { name, size, bytes } of entries) {
    const content = bytes();
    const path = Buffer.from(name);
    const checksum = crc32(content);
    const local = record(0x04034b50, 30, [
      [45, 4, 2],
      [checksum, 14, 4],
      [most32, 18, 4],
      [most32, 22, 4],
      [path.length, 26, 2],
      [20, 28, 2],
    ]);
    const central = record(0x02014b50, 46, [
      [45, 4, 2],
      [45, 6, 2],
      [checksum, 16, 4],
      [most32, 20, 4],
      [most32, 24, 4],
      [path.length, 28, 2],
      [28, 30, 2],
      [most32, 42, 4],
    ]);
    directory.push(central, path, wideField([size, size, position]));
    const head = Buffer.concat([local, path, wideField([size, size])]);
    yield head;
    yield content;
    position += head.length + content.length;
  }
  const listed = Buffer.concat(directory);
  yield listed;
  const count = entries.length;
  const end64 = record(0x06064b50, 56, [
    [44, 4, 8],
    [45, 12, 2],
    [45, 14, 2],
    [count, 24, 8],
    [count, 32, 8],
    [listed.length, 40, 8],
    [position, 48, 8],
  ]);
  const locator = record(0x07064b50, 20, [
    [position + listed.length, 8, 8],
    [1, 16, 4],
  ]);
  const end = record(0x06054b50, 22, [
    [0xffff, 8, 2],
    [0xffff, 10, 2],
    [most32, 12, 4],
    [most32, 16, 4],
  ]);
  yield Buffer.concat([end64, locator, end]);
}

/** A record of a zip: its signature, then numbers of so many bytes at their places. */
function record(
  signature: number,
  size: number,
  fields: readonly [value: number, at: number, bytes: number][],
): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(signature, 0);
  for (const [value, at, width] of fields) {
    if (width === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(value, at, width);
  }
  return bytes;
}

/** The extra field that holds sizes and places in 64 bits. */
function wideField(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * values.length);
  bytes.writeUInt16LE(1, 0);
  bytes.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return bytes;
}
