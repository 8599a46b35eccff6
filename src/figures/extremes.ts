/** Points of a block. */
const size = 64;

/**
 * Where the least and the largest of the finite values of each block of 64 points stand, so that those of many points are found
 * without looking at all of them. Values below `length` never change, so what is known stays true.
 */
export class Extremes {
  #blocks = 0;
  #least = new Int32Array(16);
  #most = new Int32Array(16);
  /** 1 where a block has a value that is not finite. */
  #mixed = new Uint8Array(16);

  /** Takes note of the whole blocks among the first `length` values. */
  extend(y: Float64Array, length: number): void {
    const blocks = Math.floor(length / size);
    if (blocks > this.#least.length) this.#grow(Math.max(blocks, 2 * this.#least.length));
    for (; this.#blocks < blocks; this.#blocks++) {
      const at = this.#blocks;
      const { min, max, mixed } = scan(y, at * size, (at + 1) * size, -1, -1);
      this.#least[at] = min;
      this.#most[at] = max;
      this.#mixed[at] = mixed ? 1 : 0;
    }
  }

  /** Indices of the least and the largest finite value from one index to below another, −1 where there is none; whether one is not finite. */
  of(y: Float64Array, from: number, to: number): { min: number; max: number; mixed: boolean } {
    const first = Math.ceil(from / size);
    const last = Math.min(this.#blocks, Math.floor(to / size));
    if (first >= last) return scan(y, from, to, -1, -1);
    let { min, max, mixed } = scan(y, from, first * size, -1, -1);
    for (let block = first; block < last; block++) {
      const [least, most] = [this.#least[block]!, this.#most[block]!];
      if (least >= 0 && (min < 0 || y[least]! < y[min]!)) min = least;
      if (most >= 0 && (max < 0 || y[most]! > y[max]!)) max = most;
      if (this.#mixed[block]) mixed = true;
    }
    const rest = scan(y, last * size, to, min, max);
    return { ...rest, mixed: mixed || rest.mixed };
  }

  #grow(blocks: number): void {
    const grown = <T extends Int32Array | Uint8Array>(old: T, made: T): T => {
      made.set(old);
      return made;
    };
    this.#least = grown(this.#least, new Int32Array(blocks));
    this.#most = grown(this.#most, new Int32Array(blocks));
    this.#mixed = grown(this.#mixed, new Uint8Array(blocks));
  }
}

/** Of equal values the first one counts. @param min index of the least value before, −1 for none */
function scan(y: Float64Array, from: number, to: number, min: number, max: number) {
  let mixed = false;
  for (let at = from; at < to; at++) {
    const value = y[at]!;
    if (!Number.isFinite(value)) {
      mixed = true;
      continue;
    }
    if (min < 0 || value < y[min]!) min = at;
    if (max < 0 || value > y[max]!) max = at;
  }
  return { min, max, mixed };
}
