import { FlamingoError } from "../core/errors.ts";
import type { Media } from "../data/media.ts";
import { clone, concat, dispose, gather, keep, reshape, type Tensor, tensor, tidy } from "../engine/tensor.ts";
import { haveSameValues } from "./sameValues.ts";

/** Values that the text's side of a model reads, by node and port. */
export type EncodedValues = Map<string, Record<string, Tensor>>;

/** Computes, from images [rows, media, frames, size, size, 3], the values that do not depend on text. */
export type Encode = (images: Tensor) => EncodedValues;

/** The same for the rows of a batch. */
export interface EncodedRows {
  values: EncodedValues;
  dispose(): void;
}

/** Media that were encoded together: their values on the device. */
interface Chunk {
  values: EncodedValues;
  bytes: number;
}

/** Frames that are encoded at once. */
const framesAtOnce = 64;
/** Bytes of encoded media that are kept by default. */
const defaultLimit = 256 * 1024 * 1024;

/**
 * Encodes images and videos once, and keeps what came of them: prompts that share an image share its visual tokens.
 *
 * Media are encoded each by itself where a model gives it the same values alone as beside another, which is tried once. Where
 * it does not (a resampler that numbers the media of a prompt), all media of a prompt are encoded together, and only prompts
 * with the same media share them.
 */
export class MediaEncoder {
  readonly #encode: Encode;
  readonly #limit: number;
  /** Where the values of a unit are: media that are encoded together, by their numbers. Least recently used first. */
  readonly #places = new Map<string, { chunk: Chunk; row: number }>();
  readonly #chunks = new Set<Chunk>();
  readonly #numbers = new WeakMap<Media, number>();
  #next = 0;
  /** Whether each of the media is encoded alone; undefined until it was tried. */
  #alone: boolean | undefined;

  constructor(encode: Encode, limit = defaultLimit) {
    this.#encode = encode;
    this.#limit = limit;
  }

  /** Encodes media in one go, each alone, unless they are there already. */
  encodeAll(media: readonly Media[]): void {
    this.#ensure(
      media.map((each) => [each]),
      Number.POSITIVE_INFINITY,
    );
  }

  /** The values for rows of a batch, which have the same number of media each; the caller disposes them. */
  async rows(media: readonly (readonly Media[])[]): Promise<EncodedRows> {
    const isSingle = media[0]!.length === 1;
    if (!isSingle) this.#alone ??= await this.#givesSame(media[0]![0]!);
    const units = isSingle || this.#alone ? media.flatMap((row) => row.map((each) => [each])) : media;
    this.#ensure(units, framesAtOnce);
    const values: EncodedValues = new Map();
    tidy(() => this.#gather(units, media.length, values));
    this.#evict();
    return { values, dispose: () => dispose([...values.values()].flatMap((ports) => Object.values(ports))) };
  }

  /** Gives the memory back; what is encoded again later is computed anew. */
  dispose(): void {
    for (const chunk of this.#chunks) disposeChunk(chunk);
    this.#chunks.clear();
    this.#places.clear();
  }

  /** Whether a model gives an image and another one the same values beside each other as alone. */
  async #givesSame(image: Media): Promise<boolean> {
    const other: Media = { ...sizesOf(image), pixels: image.pixels.map((value) => 0.25 - value / 2) };
    const pairs = tidy(() => {
      const [together, each] = [this.#encode(imagesOf([[image, other]])), this.#encode(imagesOf([[image], [other]]))];
      return [...together].flatMap(([node, ports]) =>
        Object.entries(ports).map(([port, value]) => {
          const alone = each.get(node)![port]!;
          return [keep(clone(value)), keep(clone(inRows(alone, 1)))] as const;
        }),
      );
    });
    const same = await Promise.all(pairs.map(([together, alone]) => haveSameValues(together, alone)));
    dispose(pairs.flat());
    return same.every(Boolean);
  }

  #ensure(units: readonly (readonly Media[])[], atOnce: number): void {
    const missing = new Map<string, readonly Media[]>();
    for (const unit of units) {
      const key = this.#keyOf(unit);
      const place = this.#places.get(key);
      if (!place) missing.set(key, unit);
      else {
        this.#places.delete(key);
        this.#places.set(key, place); // the most recently used stands last
      }
    }
    const alike = new Map<string, [string, readonly Media[]][]>();
    for (const [key, unit] of missing) {
      const sizes = `${unit.length} ${unit[0]!.frames} ${unit[0]!.size}`;
      alike.set(sizes, [...(alike.get(sizes) ?? []), [key, unit]]);
    }
    for (const group of alike.values()) {
      const frames = group[0]![1].reduce((sum, each) => sum + each.frames, 0);
      const count = Math.max(1, Math.floor(atOnce / frames));
      for (let start = 0; start < group.length; start += count) this.#add(group.slice(start, start + count));
    }
  }

  #add(units: readonly (readonly [string, readonly Media[]])[]): void {
    const values: EncodedValues = new Map();
    let bytes = 0;
    tidy(() => {
      for (const [node, ports] of this.#encode(imagesOf(units.map(([, unit]) => unit)))) {
        // A clone is a name of our own, also for what is a weight.
        const kept = Object.entries(ports).map(([port, value]) => [port, keep(clone(value))] as const);
        values.set(node, Object.fromEntries(kept));
        for (const [, value] of kept) bytes += 4 * value.size;
      }
    });
    const chunk = { values, bytes };
    this.#chunks.add(chunk);
    units.forEach(([key], row) => {
      this.#places.set(key, { chunk, row });
    });
  }

  /** Puts the values of units together: those of a row one after the other along the axis of media. */
  #gather(units: readonly (readonly Media[])[], rows: number, result: EncodedValues): void {
    const places = units.map((unit) => this.#places.get(this.#keyOf(unit))!);
    const used = [...new Set(places.map(({ chunk }) => chunk))];
    const starts = new Map<Chunk, number>();
    let start = 0;
    for (const chunk of used) {
      starts.set(chunk, start);
      start += rowsOf(chunk);
    }
    const order = places.map(({ chunk, row }) => starts.get(chunk)! + row);
    const inOrder = order.length === start && order.every((row, index) => row === index);
    for (const [node, ports] of used[0]!.values) {
      const gathered = Object.keys(ports).map((port) => {
        const all = used.map(({ values }) => values.get(node)![port]!);
        const joined = all.length === 1 ? clone(all[0]!) : concat(all, 0);
        const chosen = inOrder ? joined : gather(joined, tensor(Int32Array.from(order), [order.length], "int32"));
        return [port, keep(inRows(chosen, rows))];
      });
      result.set(node, Object.fromEntries(gathered));
    }
  }

  /** Lets go of what was not used for longest, chunk by chunk, down to the limit. */
  #evict(): void {
    let bytes = [...this.#chunks].reduce((sum, chunk) => sum + chunk.bytes, 0);
    if (bytes <= this.#limit) return;
    const newest = new Set([...this.#places.values()].map(({ chunk }) => chunk).reverse());
    for (const chunk of [...newest].reverse()) {
      if (bytes <= this.#limit) return;
      for (const [key, place] of this.#places) if (place.chunk === chunk) this.#places.delete(key);
      this.#chunks.delete(chunk);
      disposeChunk(chunk);
      bytes -= chunk.bytes;
    }
  }

  #keyOf(unit: readonly Media[]): string {
    const numbers = unit.map((media) => {
      const known = this.#numbers.get(media);
      if (known !== undefined) return known;
      this.#numbers.set(media, this.#next);
      return this.#next++;
    });
    return numbers.join();
  }
}

/**
 * Images [rows, media, frames, size, size, 3] for a model.
 * @throws FlamingoError SHAPE_MISMATCH if they differ in size or number of frames
 */
export function imagesOf(rows: readonly (readonly Media[])[]): Tensor {
  const { frames, size, pixels } = rows[0]![0]!;
  const all = new Float32Array(rows.length * rows[0]!.length * pixels.length);
  rows.flat().forEach((media, index) => {
    if (media.frames !== frames || media.size !== size) {
      const what = ({ frames, size }: Media) => `${frames} frames of side ${size}`;
      throw new FlamingoError("SHAPE_MISMATCH", `media of a prompt have ${what(media)} and ${what(rows[0]![0]!)}`, {
        expected: `${frames} frames`,
        actual: `${media.frames} frames`,
        fix: "give videos of the same length and images of the same size, or a model that encodes each alone",
      });
    }
    all.set(media.pixels, index * pixels.length);
  });
  return tensor(all, [rows.length, rows[0]!.length, frames, size, size, 3]);
}

/** [units, media of a unit, ...] as [rows, media of a row, ...]. */
function inRows(values: Tensor, rows: number): Tensor {
  const [units, media, ...rest] = values.shape as [number, number, ...number[]];
  return units === rows ? values : reshape(values, [rows, (units / rows) * media, ...rest]);
}

function sizesOf({ frames, size }: Media): Pick<Media, "frames" | "size"> {
  return { frames, size };
}

function rowsOf({ values }: Chunk): number {
  const [ports] = values.values();
  return Object.values(ports!)[0]!.shape[0]!;
}

function disposeChunk({ values }: Chunk): void {
  dispose([...values.values()].flatMap((ports) => Object.values(ports)));
}
