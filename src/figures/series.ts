import { Extremes } from "./extremes.ts";

/** Points of one line, shared by all series that are a beginning of it. */
interface Store {
  x: Float64Array;
  y: Float64Array;
  used: number;
  extremes: Extremes;
}

/** What a part of a series comes to: the extremes and the last of its finite values. */
export interface Bucket {
  min: Point | undefined;
  max: Point | undefined;
  last: Point | undefined;
  /** The first NaN, the first infinity and the first negative infinity in it. */
  notFinite: Point[];
}

export interface Point {
  x: number;
  y: number;
}

/**
 * Numbers over steps: a value that never changes, with x in increasing order. Appending takes constant time, for a series
 * and what it is appended to share their storage. Values that are not finite are kept as they are.
 */
export class Series implements Iterable<[x: number, y: number]> {
  static readonly empty = new Series(
    { x: new Float64Array(0), y: new Float64Array(0), used: 0, extremes: new Extremes() },
    0,
  );
  readonly #store: Store;
  readonly length: number;

  private constructor(store: Store, length: number) {
    this.#store = store;
    this.length = length;
  }

  static of(x: ArrayLike<number>, y: ArrayLike<number>): Series {
    let series = Series.empty;
    for (let at = 0; at < x.length; at++) series = series.append(x[at]!, y[at]!);
    return series;
  }

  /** With one point more. Points at `x` and after it are replaced: a step that is done again counts as it was last. */
  append(x: number, y: number): Series {
    if (this.length > 0 && x <= this.x(this.length - 1)) return this.before(x).append(x, y);
    const store = this.#storeFor(this.length + 1);
    store.x[this.length] = x;
    store.y[this.length] = y;
    store.used = this.length + 1;
    store.extremes.extend(store.y, store.used);
    return new Series(store, this.length + 1);
  }

  /** The points below `x`. */
  before(x: number): Series {
    const length = this.indexOf(x);
    return length === this.length ? this : new Series(this.#store, length);
  }

  /** The points from `x0` to `x1`, and the one before and the one after, where a line enters and leaves. */
  within(x0: number, x1: number): Series {
    const from = Math.max(0, this.indexOf(x0) - 1);
    let to = this.indexOf(x1);
    while (to < this.length && this.x(to) <= x1) to++;
    to = Math.min(this.length, to + 1);
    if (from === 0 && to === this.length) return this;
    const { x, y } = this.columns;
    return new Series(
      { x: x.slice(from, to), y: y.slice(from, to), used: to - from, extremes: new Extremes() },
      to - from,
    );
  }

  /** Index of the first point at `x` or after it; the length if there is none. */
  indexOf(x: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#store.x[middle]! < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  x(index: number): number {
    return this.#store.x[index]!;
  }

  y(index: number): number {
    return this.#store.y[index]!;
  }

  get last(): Point | undefined {
    const at = this.length - 1;
    return at < 0 ? undefined : { x: this.x(at), y: this.y(at) };
  }

  /** Its places and values without a copy: they are not to be written to. */
  get columns(): { x: Float64Array; y: Float64Array } {
    const { x, y } = this.#store;
    return { x: x.subarray(0, this.length), y: y.subarray(0, this.length) };
  }

  get xs(): number[] {
    return Array.from(this.#store.x.subarray(0, this.length));
  }

  get ys(): number[] {
    return Array.from(this.#store.y.subarray(0, this.length));
  }

  *[Symbol.iterator](): Iterator<[x: number, y: number]> {
    for (let at = 0; at < this.length; at++) yield [this.x(at), this.y(at)];
  }

  /** A series of other values at the same places. */
  map(change: (y: number, index: number) => number): Series {
    const y = new Float64Array(this.length);
    for (let at = 0; at < this.length; at++) y[at] = change(this.#store.y[at]!, at);
    const x = this.#store.x.slice(0, this.length);
    return new Series({ x, y, used: this.length, extremes: new Extremes() }, this.length);
  }

  /**
   * The part from `x0` to `x1`, in at most `count` buckets of equal width: what a plot so many pixels wide needs of it.
   * A bucket without points is left out.
   */
  window(x0: number, x1: number, count: number): Bucket[] {
    const { x, y } = this.columns;
    const width = (x1 - x0) / Math.max(1, count) || 1;
    const bucketAt = (at: number) => Math.min(count - 1, Math.floor((x[at]! - x0) / width));
    const { extremes } = this.#store;
    extremes.extend(y, this.length);
    const buckets: Bucket[] = [];
    let end = this.indexOf(x1);
    while (end < this.length && x[end]! <= x1) end++;
    for (let from = this.indexOf(x0); from < end; ) {
      const own = bucketAt(from);
      // The first point of a later bucket.
      let [low, high] = [from + 1, end];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (bucketAt(middle) <= own) low = middle + 1;
        else high = middle;
      }
      buckets.push(bucketOf(x, y, from, low, extremes));
      from = low;
    }
    return buckets;
  }

  /**
   * About `most` points that draw the same line: the smallest, the largest and the last of each bucket, and beyond that number
   * its first values that are not finite.
   */
  thinned(most: number): Series {
    if (this.length <= most) return this;
    let thin = Series.empty;
    for (const { min, max, last, notFinite } of this.window(
      this.x(0),
      this.last!.x,
      Math.max(1, Math.floor(most / 3)),
    )) {
      const kept = new Map<number, number>();
      for (const point of [min, max, last, ...notFinite]) if (point) kept.set(point.x, point.y);
      for (const [x, y] of [...kept].sort(([a], [b]) => a - b)) thin = thin.append(x, y);
    }
    return thin;
  }

  /** The storage to write the next point to: this series' own if nothing was appended to it yet, else a copy. */
  #storeFor(length: number): Store {
    const { x, y, used } = this.#store;
    if (used === this.length && x.length >= length) return this.#store;
    const size = Math.max(16, 2 * this.length);
    const copy = { x: new Float64Array(size), y: new Float64Array(size), used: this.length, extremes: new Extremes() };
    copy.x.set(x.subarray(0, this.length));
    copy.y.set(y.subarray(0, this.length));
    return copy;
  }
}

/** What the points from one index to below another come to. */
function bucketOf(x: Float64Array, y: Float64Array, from: number, to: number, extremes: Extremes): Bucket {
  const { min, max, mixed } = extremes.of(y, from, to);
  let last = to - 1;
  while (last >= from && !Number.isFinite(y[last])) last--;
  const notFinite: Point[] = [];
  for (let at = from; mixed && at < to; at++) {
    const value = y[at]!;
    if (!Number.isFinite(value) && !notFinite.some((point) => Object.is(point.y, value)))
      notFinite.push({ x: x[at]!, y: value });
  }
  const point = (at: number) => (at < from ? undefined : { x: x[at]!, y: y[at]! });
  return { min: point(min), max: point(max), last: point(last), notFinite };
}
