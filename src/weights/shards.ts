import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { shortJson } from "../core/json.ts";
import { parseOutsideJson } from "../core/jsonText.ts";
import type { ByteSource } from "./byteSource.ts";
import { type ByteProgress, saveWeights } from "./file.ts";
import { listNames } from "./mappedWeights.ts";
import { refuse } from "./refuse.ts";
import { bytesOf, type NamedTensors } from "./safetensors.ts";
import type { StoredTensor, WeightsFile } from "./storedTensor.ts";

/** Which file has which tensor, as `model.safetensors.index.json` says it. */
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** An index of a large model has some ten thousand names. */
const longestIndex = 100_000_000;

/** File names by tensor. @throws FlamingoError INVALID_WEIGHTS if it is no index, or names a file in another folder */
function readIndex(bytes: ByteSource): Map<string, string> {
  const { name: source, size } = bytes;
  if (size > longestIndex) throw refuse(source, `${size} bytes are too many for an index`);
  const value = parseOutsideJson(textOf(bytes), (finding) => refuse(source, `the index ${finding}`));
  const parsed = indexSchema.safeParse(value);
  if (!parsed.success) throw refuse(source, "the index has no weight_map of tensor names to file names");
  const shards = new Map(Object.entries(parsed.data.weight_map));
  for (const [name, shard] of shards)
    if (basename(shard) !== shard || /[\\/\0]|^\.*$/.test(shard))
      throw refuse(source, `tensor "${name}" is said to be in ${shortJson(shard)}, which is no file of its folder`);
  return shards;
}

function textOf(bytes: ByteSource): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.read(0, bytes.size));
  } catch {
    throw refuse(bytes.name, "the index is no UTF-8 text");
  }
}

/**
 * Opens weights that are spread over several files, by their index.
 * @param openShard opens one of the files, by its path
 * @throws FlamingoError INVALID_WEIGHTS if the index is none, a file is missing or broken, or does not have what the index says
 */
export function openShards(index: ByteSource, openShard: (path: string) => WeightsFile): WeightsFile {
  const places = readIndex(index);
  const folder = dirname(index.name);
  const files = new Map([...new Set(places.values())].map((shard) => [shard, openShard(join(folder, shard))]));
  const tensors = new Map<string, StoredTensor>();
  const missing: string[] = [];
  for (const [name, shard] of places) {
    const tensor = files.get(shard)!.tensors.get(name);
    if (tensor) tensors.set(name, tensor);
    else missing.push(`"${name}" (${shard})`);
  }
  if (missing.length > 0)
    throw refuse(index.name, `the index names tensors that their files do not have: ${listNames(missing)}`);
  for (const [shard, file] of files)
    for (const name of file.tensors.keys())
      if (places.get(name) !== shard)
        throw refuse(index.name, `${shard} has the tensor "${name}", which the index does not place there`);
  return { tensors, metadata: {} };
}

export interface ShardOptions {
  /** The files' name before their numbers. */
  name?: string;
  /** Bytes of numbers that a file has at most, unless a single tensor has more. */
  shardBytes?: number;
  metadata?: Readonly<Record<string, string>>;
  progress?: ByteProgress;
}

/**
 * Saves weights as safetensors files of limited size with their index, `model-00001-of-00003.safetensors` and so on; as one
 * file, `model.safetensors`, where they fit into one.
 *
 * @throws as `saveWeights`
 */
export async function saveShards(
  folder: string,
  tensors: NamedTensors,
  { name = "model", shardBytes = 5e9, metadata = {}, progress = () => {} }: ShardOptions = {},
): Promise<void> {
  const shards: [string, StoredTensor][][] = [];
  let room = 0;
  let total = 0;
  for (const [tensorName, tensor] of tensors) {
    const bytes = bytesOf(tensor);
    if (shards.length === 0 || bytes > room) {
      shards.push([]);
      room = shardBytes;
    }
    shards.at(-1)!.push([tensorName, tensor]);
    room -= bytes;
    total += bytes;
  }
  if (shards.length === 0) shards.push([]);
  const file = (at: number) =>
    shards.length === 1 ? `${name}.safetensors` : `${name}-${padded(at + 1)}-of-${padded(shards.length)}.safetensors`;
  let before = 0;
  for (const [at, shard] of shards.entries()) {
    let written = 0;
    await saveWeights(join(folder, file(at)), shard, metadata, (bytes) => {
      written = bytes;
      progress(Math.min(before + bytes, total), total);
    });
    before += written;
  }
  if (shards.length === 1) return;
  const places = shards.flatMap((shard, at) => shard.map(([tensorName]) => [tensorName, file(at)]));
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places) };
  await writeFile(join(folder, `${name}.safetensors.index.json`), `${JSON.stringify(index, null, 2)}\n`);
}

function padded(number: number): string {
  return String(number).padStart(5, "0");
}
