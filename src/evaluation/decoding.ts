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
   * @returns logits [rows, tokens] of the token that follows; the caller disposes them
   */
  read(ids: Int32Array): Tensor;
  /** Row r continues what row `rows[r]` has read. It keeps its own media, so both must have the same. */
  select(rows: readonly number[]): void;
  dispose(): void;
}

/** A model under a reading: gives logits [rows, length, tokens] for ids [rows, length]. */
export type TextModel = (ids: Tensor) => Tensor;

/**
 * Starts decoding: with a KV cache if all blocks of the model can use one, else by reading the whole sequence each time.
 * Both give the same logits.
 *
 * @param makeModel makes the model under readings of the weights, one for each prefix of their names
 * @param whole uses no KV cache in any case
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
  whole = false,
): Decoding {
  const readWhole = (because: string) => {
    const model = makeModel((prefix) => new Eager(weights, prefix));
    return new UncachedDecoding(rows, model, because);
  };
  return whole ? readWhole("it was asked for") : new CachedDecoding(rows, weights, makeModel, readWhole);
}

/** Decoding with a KV cache: reads new tokens only. The first read shows whether all blocks of the model can use one. */
class CachedDecoding implements Decoding {
  readonly #rows: number;
  readonly #text: Incremental;
  readonly #model: TextModel;
  readonly #readWhole: (because: string) => Decoding;
  #whole: Decoding | undefined;

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

  read(ids: Int32Array): Tensor {
    if (this.#whole) return this.#whole.read(ids);
    try {
      return tidy(() => lastOf(this.#text.read(idsTensor(ids, this.#rows), this.#model)));
    } catch (error) {
      if (!(error instanceof FlamingoError) || error.code !== "NOT_INCREMENTAL") throw error;
      this.#text.dispose();
      this.#whole = this.#readWhole(error.message);
      return this.#whole.read(ids);
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
  readonly #model: TextModel;

  constructor(rows: number, model: TextModel, because = "only its logits for whole texts are known") {
    this.uncachedBecause = because;
    this.#texts = Array.from({ length: rows }, () => new Int32Array());
    this.#model = model;
  }

  read(ids: Int32Array): Tensor {
    const added = ids.length / this.#texts.length;
    this.#texts = this.#texts.map((text, row) => join(text, ids.subarray(row * added, (row + 1) * added)));
    return tidy(() => lastOf(this.#model(idsTensor(this.#texts.reduce(join), this.#texts.length))));
  }

  select(rows: readonly number[]): void {
    this.#texts = rows.map((from) => this.#texts[from]!);
  }

  dispose(): void {
    this.#texts = [];
  }
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
