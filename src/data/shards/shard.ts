import { drawOf } from "../imageFolder/split.ts";
import { badInARow, type SkippedSample, skippedSample } from "./badSamples.ts";
import { ShardFile } from "./shardFile.ts";

/** Numbers of a sample in a shard's ranges. */
const stride = 3;

/** A file of samples, each of which is read when its turn comes. Plain data, so that it can be sent to another thread. */
export interface Shard {
  file: string;
  /** [samples, 3], in shared memory: the first byte of each, the byte after its last, and its number in the file (a line, say). */
  ranges: Float64Array;
  /** What the ranges are of, in shared memory, where that is no longer the file: a JSON document that was read whole. */
  bytes?: Uint8Array;
}

/** A sample as it is stored. */
export interface StoredSample {
  bytes: Uint8Array;
  file: string;
  number: number;
  /** Counted over all shards. */
  position: number;
}

/** Turns a stored sample into what a batch is made of. @throws BadSample */
export type ReadSample<T> = (stored: StoredSample) => T | Promise<T>;

/** A file's samples, divided into those to train on and those to hold out. */
export interface SplitShard {
  train: Shard;
  heldOut: Shard;
}

/** Collects the samples of a file, and divides them by their names alone. */
export class ShardIndex {
  readonly #share: number;
  readonly #train: number[] = [];
  readonly #heldOut: number[] = [];

  /** @param share of samples to hold out */
  constructor(share: number) {
    this.#share = share;
  }

  add(name: string, start: number, end: number, number: number): void {
    const ranges = drawOf(name) < this.#share ? this.#heldOut : this.#train;
    ranges.push(start, end, number);
  }

  /** @param bytes what the ranges are of, where that is not the file */
  split(file: string, bytes?: Uint8Array): SplitShard {
    const shard = (ranges: number[]): Shard => ({ file, ranges: shared(ranges), ...(bytes ? { bytes } : {}) });
    return { train: shard(this.#train), heldOut: shard(this.#heldOut) };
  }
}

function shared(numbers: readonly number[]): Float64Array {
  const ranges = new Float64Array(new SharedArrayBuffer(numbers.length * Float64Array.BYTES_PER_ELEMENT));
  ranges.set(numbers);
  return ranges;
}

export function sampleCount({ ranges }: Shard): number {
  return ranges.length / stride;
}

/** The sample at a position, counted over all shards. */
export function storedSample(shards: readonly Shard[], position: number): StoredSample {
  let place = position;
  for (const shard of shards) {
    if (place < sampleCount(shard)) return { ...readStored(shard, place), position };
    place -= sampleCount(shard);
  }
  throw new RangeError(`there is no sample ${position}`);
}

function readStored({ file, ranges, bytes }: Shard, place: number): Omit<StoredSample, "position"> {
  const [start, end, number] = ranges.subarray(stride * place) as unknown as [number, number, number];
  return { bytes: bytes ? bytes.slice(start, end) : ShardFile.read(file, start, end), file, number };
}

/** Samples that were read, and those that were skipped on the way. */
export interface ReadSamples<T> {
  samples: { value: T; position: number }[];
  skipped: SkippedSample[];
}

/**
 * Reads the samples at some positions. In place of a bad one stands the next good one of the data, so that what is read depends on the
 * positions alone.
 *
 * @param most bad samples in a row
 * @param read is given the sample's place among the positions
 * @throws FlamingoError INVALID_DATA if there are more
 */
export async function readSamples<T>(
  shards: readonly Shard[],
  positions: readonly number[],
  most: number,
  read: (stored: StoredSample, place: number) => T | Promise<T>,
): Promise<ReadSamples<T>> {
  const total = shards.reduce((sum, shard) => sum + sampleCount(shard), 0);
  const skipped: SkippedSample[] = [];
  const samples = await Promise.all(
    positions.map(async (first, place) => {
      const bad: SkippedSample[] = [];
      for (;;) {
        const position = (first + bad.length) % total;
        const stored = storedSample(shards, position);
        try {
          return { value: await read(stored, place), position };
        } catch (error) {
          bad.push(skippedSample(error));
          if (bad.length === total || bad.length > most) throw badInARow(stored.file, most, bad);
          skipped.push(bad.at(-1)!);
        }
      }
    }),
  );
  skipped.sort((a, b) => (a.name < b.name ? -1 : 1)); // images are decoded in no certain order
  return { samples, skipped };
}
