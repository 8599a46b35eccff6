import { FlamingoError } from "../core/errors.ts";
import type { Reading } from "../core/reading.ts";
import { Eager } from "../engine/readings/eager.ts";
import { Incremental } from "../engine/readings/incremental.ts";
import type { Weights } from "../engine/readings/weights.ts";
import { reshape, slice, type Tensor, tensor, tidy } from "../engine/tensor.ts";

/** Token sequences that a model continues, one a row. */
export interface Decoding {
  /** Why no KV cache is used, so that whole sequences are read each time; undefined with a cache, and before the first read. */
  readonly uncachedBecause: string | undefined;
  /**
   * Reads the next tokens of each row: `ids`, row by row, the same number in each.
   * @param mask 0 where a token is padding, which nothing sees; only for a model that takes a mask
   * @returns logits [rows, tokens] of the token that follows; the caller disposes them
   */
  read(ids: Int32Array, mask?: Int32Array): Tensor;
  /** Row r continues what row `rows[r]` has read. It keeps its own media, so both must have the same. */
  select(rows: readonly number[]): void;
  dispose(): void;
}

/** A model under a reading: gives logits [rows, length, tokens] for ids [rows, length], with a mask of that shape if there is padding. */
export type TextModel = (ids: Tensor, mask?: Tensor) => Tensor;

/**
 * Starts decoding: with a KV cache if all blocks of the model can use one, else by reading the whole sequence each time.
 * Both give the same logits.
 *
 * @param makeModel makes the model under readings of the weights, one for each prefix of their names
 * @param uncached reads whole sequences even where a KV cache could be used
 *
 * @example
 * const texts = openDecoding(1, weights, (readingOf) => {
 *   const model = instantiate(FlamingoLanguageModel, config, readingOf());
 *   return (ids) => model({ ids, media }) as Tensor;
 * });
 */
export function openDecoding(
  rows: number,
  weights: Weights,
  makeModel: (readingOf: (prefix?: string) => Reading) => TextModel,
  uncached = false,
): Decoding {
  const readWhole = (because: string) => {
    const model = makeModel((prefix) => new Eager(weights, prefix));
    return new UncachedDecoding(rows, model, because);
  };
  return uncached ? readWhole("it was asked for") : new CachedDecoding(rows, weights, makeModel, readWhole);
}

/** Decoding with a KV cache: reads new tokens only. The first read shows whether all blocks of the model can use one. */
class CachedDecoding implements Decoding {
  readonly #rows: number;
  readonly #text: Incremental;
  readonly #model: TextModel;
  readonly #readWhole: (because: string) => Decoding;
  #whole: Decoding | undefined;
  /** Whether some row is padded: then each chunk has a mask. */
  #isPadded = false;

  constructor(
    rows: number,
    weights: Weights,
    makeModel: (readingOf: (prefix?: string) => Reading) => TextModel,
    readWhole: (because: string) => Decoding,
  ) {
    this.#rows = rows;
    this.#text = new Incremental(weights);
    this.#model = makeModel((prefix) => this.#text.reading(prefix));
    this.#readWhole = readWhole;
  }

  get uncachedBecause(): string | undefined {
    return this.#whole?.uncachedBecause;
  }

  read(ids: Int32Array, mask?: Int32Array): Tensor {
    if (this.#whole) return this.#whole.read(ids, mask);
    this.#isPadded ||= mask !== undefined;
    try {
      return tidy(() => {
        const chunk = idsTensor(ids, this.#rows);
        if (!this.#isPadded) return lastOf(this.#text.read(chunk, this.#model));
        const real = idsTensor(mask ?? ones(ids.length), this.#rows);
        return lastOf(this.#text.read(chunk, (ids) => this.#model(ids, real), [real]));
      });
    } catch (error) {
      if (!(error instanceof FlamingoError) || error.code !== "NOT_INCREMENTAL") throw error;
      this.#text.dispose();
      this.#whole = this.#readWhole(error.message);
      return this.#whole.read(ids, mask);
    }
  }

  select(rows: readonly number[]): void {
    (this.#whole ?? this.#text).select(rows);
  }

  dispose(): void {
    (this.#whole ?? this.#text).dispose();
  }
}

/** Decoding without a cache: reads the whole sequence each time. */
export class UncachedDecoding implements Decoding {
  readonly uncachedBecause: string;
  #texts: Int32Array[];
  /** 0 where a token is padding; undefined where none is. */
  #masks: Int32Array[] | undefined;
  readonly #model: TextModel;

  constructor(rows: number, model: TextModel, because = "only its logits for whole texts are known") {
    this.uncachedBecause = because;
    this.#texts = Array.from({ length: rows }, () => new Int32Array());
    this.#model = model;
  }

  read(ids: Int32Array, mask?: Int32Array): Tensor {
    if (mask) this.#masks ??= this.#texts.map(({ length }) => ones(length));
    this.#masks &&= appended(this.#masks, mask ?? ones(ids.length));
    this.#texts = appended(this.#texts, ids);
    const [texts, masks] = [this.#texts, this.#masks];
    const together = (rows: readonly Int32Array[]) => idsTensor(rows.reduce(join), rows.length);
    return tidy(() => lastOf(this.#model(together(texts), masks && together(masks))));
  }

  select(rows: readonly number[]): void {
    const [texts, masks] = [this.#texts, this.#masks];
    this.#texts = rows.map((from) => texts[from]!);
    this.#masks = masks && rows.map((from) => masks[from]!);
  }

  dispose(): void {
    this.#texts = [];
  }
}

/** Each row with its part of what follows. */
function appended(rows: readonly Int32Array[], next: Int32Array): Int32Array[] {
  const added = next.length / rows.length;
  return rows.map((row, at) => join(row, next.subarray(at * added, (at + 1) * added)));
}

function ones(length: number): Int32Array {
  return new Int32Array(length).fill(1);
}

function join(first: Int32Array, second: Int32Array): Int32Array {
  const both = new Int32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function idsTensor(ids: Int32Array, rows: number): Tensor {
  return tensor(ids, [rows, ids.length / rows], "int32");
}

/** logits [rows, length, tokens] at the last position: [rows, tokens]. */
function lastOf(logits: Tensor): Tensor {
  const [rows, length, tokens] = logits.shape as [number, number, number];
  return reshape(length === 1 ? logits : slice(logits, [0, length - 1, 0], [rows, 1, tokens]), [rows, tokens]);
}
