/** What a stream needs to go on elsewhere; plain data, so it fits into a checkpoint. */
export interface RandomState {
  /** 128 bits that name the stream; forks derive from them. */
  readonly key: readonly [number, number, number, number];
  /** 128 bits that say how far the stream has run. */
  readonly words: readonly [number, number, number, number];
}

type Words = readonly [number, number, number, number];

/**
 * Seeded random numbers: the same seed gives the same bits in every browser, in Node and on every processor.
 *
 * The generator is xoshiro128** on 32-bit integers. Beyond integers it uses only +, −, ×, ÷ and the square root of
 * IEEE 754 doubles, which round in one way only; Math.log and Math.cos do not, so `normal` brings its own logarithm.
 *
 * `fork(label)` opens a stream of its own, named by the seed and the labels on the way to it. It does not depend on
 * how many numbers were drawn before, so a new layer or a second worker never shifts the numbers of the others.
 *
 * @example
 * const weights = new Random(7).fork("weights");
 * weights.fork("attn.to_q").normals(512); // the same whatever else was drawn
 *
 * @see Blackman and Vigna 2021, Scrambled Linear Pseudorandom Number Generators, section 5 (xoshiro128**)
 * @see Marsaglia and Bray 1964, A Convenient Method for Generating Normal Variables (the polar method)
 */
export class Random {
  #key: Words;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @throws RangeError if the seed is no whole number that a double holds exactly */
  constructor(seed: number) {
    this.#key = derive([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x517cc1b7], labelWords(seed));
    [this.#a, this.#b, this.#c, this.#d] = this.#key;
  }

  /** A stream that goes on exactly where `state()` was taken. */
  static from(state: RandomState): Random {
    const random = new Random(0);
    random.#key = state.key;
    [random.#a, random.#b, random.#c, random.#d] = state.words;
    return random;
  }

  state(): RandomState {
    const unsigned = (words: Words): Words => [words[0] >>> 0, words[1] >>> 0, words[2] >>> 0, words[3] >>> 0];
    return { key: unsigned(this.#key), words: unsigned([this.#a, this.#b, this.#c, this.#d]) };
  }

  /** The stream of this name below this one, at its start. The number 1 and the word "1" name two streams. */
  fork(label: string | number): Random {
    const key = derive(this.#key, labelWords(label));
    return Random.from({ key, words: key });
  }

  /** Uniform in [0, 1), with all 53 bits of a double. */
  uniform(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** Normal with mean 0 and variance 1. */
  normal(): number {
    return this.#normalPair()[0];
  }

  /**
   * A whole number in [0, n), each equally likely.
   *
   * @throws RangeError unless n is a whole number in [1, 2³²]
   */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 0x100000000)
      throw new RangeError(`Random.integer: n is ${n}, expected a whole number from 1 to 2^32`);
    const fair = 0x100000000 - (0x100000000 % n); // draws from here on would favour small numbers
    for (;;) {
      const draw = this.#next() >>> 0;
      if (draw < fair) return draw % n;
    }
  }

  /** The same items in random order, as a new array. */
  shuffle<T>(items: ArrayLike<T>): T[] {
    const shuffled = Array.from(items);
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const item = shuffled[last] as T;
      shuffled[last] = shuffled[other] as T;
      shuffled[other] = item;
    }
    return shuffled;
  }

  /**
   * One of the items, each equally likely.
   *
   * @throws RangeError if there are none
   */
  pick<T>(items: ArrayLike<T>): T {
    if (items.length === 0) throw new RangeError("Random.pick: there is nothing to pick from");
    return items[this.integer(items.length)] as T;
  }

  /** `count` normal numbers, float32. */
  normals(count: number): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const pair = this.#normalPair();
      values[i] = pair[0];
      if (i + 1 < count) values[i + 1] = pair[1];
    }
    return values;
  }

  /** `count` uniform numbers in [low, high), float32. */
  uniforms(count: number, low = 0, high = 1): Float32Array {
    const values = new Float32Array(count);
    const span = high - low;
    for (let i = 0; i < count; i++) {
      const value = Math.fround(low + (span * (this.#next() >>> 8)) / 0x1000000);
      values[i] = value < high ? value : low; // rounding to float32 can land on the open end
    }
    return values;
  }

  #next(): number {
    const b = this.#b;
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    const shifted = b << 9;
    this.#c ^= this.#a;
    this.#d ^= b;
    this.#b = b ^ this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  #normalPair(): readonly [number, number] {
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) {
        const scale = Math.sqrt((-2 * logarithm(square)) / square);
        return [x * scale, y * scale];
      }
    }
  }
}

/** A label as 32-bit words, led by its kind and length so that no two labels look alike. */
function labelWords(label: string | number): number[] {
  if (typeof label === "string")
    return [0x73, label.length, ...Array.from({ length: label.length }, (_, i) => label.charCodeAt(i))];
  if (!Number.isSafeInteger(label)) throw new RangeError(`Random: ${label} is no whole number`);
  return [0x6e, Math.floor(label / 0x100000000) | 0, label | 0];
}

/** Mixes words into a 128-bit key. Each step can be undone, so different labels cannot lose what made them different. */
function derive(key: Words, words: readonly number[]): Words {
  let [a, b, c, d] = key;
  for (const word of [...words, 0x85ebca6b, 0xc2b2ae35]) {
    a = scramble(a ^ word);
    b = scramble((b + a) | 0);
    c = scramble((c ^ b) | 0);
    d = scramble((d + c) | 0);
    a = (a + d) | 0;
  }
  return a === 0 && b === 0 && c === 0 && d === 0 ? [1, 2, 3, 4] : [a, b, c, d]; // xoshiro cannot leave all zeros
}

/** A permutation of the 32-bit integers in which each bit depends on each other one. */
function scramble(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/**
 * ln x for 0 < x < 1, to a few units in the last place.
 *
 * x = m·2^−e with √½ ≤ m < √2, and ln m = 2·artanh(z) = 2(z + z³/3 + z⁵/5 + ...) with z = (m−1)/(m+1). Scaling by powers
 * of two is exact, the rest rounds alike everywhere.
 */
function logarithm(x: number): number {
  let mantissa = x;
  let halvings = 0;
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    halvings++;
  }
  const z = (mantissa - 1) / (mantissa + 1);
  const square = z * z;
  let series = 1 / 21;
  for (let power = 19; power >= 1; power -= 2) series = series * square + 1 / power;
  return 2 * z * series - halvings * Math.LN2;
}
