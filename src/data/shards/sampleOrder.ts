import type { Random } from "../../core/random.ts";

/**
 * The order in which samples come: epoch after epoch, in each the shards in random order, and their samples through a buffer from which
 * each next one is drawn at random.
 *
 * Positions alone go through the buffer, so that the order at any index is known without reading a sample: a run resumes in the middle
 * of a shard, and reads of a file stay near to each other.
 */
export class SampleOrder {
  readonly #counts: readonly number[];
  readonly #total: number;
  readonly #buffer: number;
  readonly #random: Random;
  #epoch = -1;
  #next = 0;
  #positions: Iterator<number> = [][Symbol.iterator]();

  /**
   * @param counts samples of each shard; at least one in all
   * @param buffer samples that the next one is drawn from; with 1 they come in order
   */
  constructor(counts: readonly number[], buffer: number, random: Random) {
    this.#counts = counts;
    this.#total = counts.reduce((sum, count) => sum + count, 0);
    this.#buffer = buffer;
    this.#random = random;
  }

  /** Positions of `count` samples from index `from` of the order on. Going back costs a walk from the start of the epoch. */
  positions(from: number, count: number): number[] {
    return Array.from({ length: count }, (_, place) => this.#at(from + place));
  }

  #at(index: number): number {
    const epoch = Math.floor(index / this.#total);
    const place = index % this.#total;
    if (epoch !== this.#epoch || place < this.#next) {
      this.#epoch = epoch;
      this.#next = 0;
      this.#positions = this.#epochOrder(this.#random.fork(epoch));
    }
    for (; this.#next < place; this.#next++) this.#positions.next();
    this.#next++;
    return this.#positions.next().value;
  }

  *#epochOrder(random: Random): Generator<number> {
    const waiting: number[] = [];
    const starts: number[] = [];
    for (const [shard, count] of this.#counts.entries()) starts[shard + 1] = (starts[shard] ?? 0) + count;
    const shards = [...this.#counts.keys()];
    for (const shard of this.#buffer > 1 ? random.shuffle(shards) : shards) {
      const start = starts[shard] ?? 0;
      for (let position = start; position < start + this.#counts[shard]!; position++) {
        if (waiting.length < this.#buffer) waiting.push(position);
        else {
          const drawn = random.integer(waiting.length);
          yield waiting[drawn]!;
          waiting[drawn] = position;
        }
      }
    }
    yield* this.#buffer > 1 ? random.shuffle(waiting) : waiting;
  }
}
