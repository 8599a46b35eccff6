/** Methods of arrays that every Node we run on has, and that the library files of tslab's TypeScript do not know yet. */

interface Copying<T> {
  /** A copy in reverse order. */
  toReversed(): T[];
  /** A sorted copy. */
  toSorted(compareFn?: (a: T, b: T) => number): T[];
  /** A copy from which elements are taken, and into which others are put. */
  toSpliced(start: number, deleteCount?: number, ...items: T[]): T[];
  /** A copy with another element at `index`. */
  with(index: number, value: T): T[];
}
interface Array<T> extends Copying<T> {}
interface ReadonlyArray<T> extends Copying<T> {}

interface CopyingNumbers<Self> {
  /** A copy in reverse order. */
  toReversed(): Self;
  /** A sorted copy. */
  toSorted(compareFn?: (a: number, b: number) => number): Self;
  /** A copy with another number at `index`. */
  with(index: number, value: number): Self;
}
interface Int8Array extends CopyingNumbers<Int8Array> {}
interface Uint8Array extends CopyingNumbers<Uint8Array> {}
interface Uint8ClampedArray extends CopyingNumbers<Uint8ClampedArray> {}
interface Int16Array extends CopyingNumbers<Int16Array> {}
interface Uint16Array extends CopyingNumbers<Uint16Array> {}
interface Int32Array extends CopyingNumbers<Int32Array> {}
interface Uint32Array extends CopyingNumbers<Uint32Array> {}
interface Float32Array extends CopyingNumbers<Float32Array> {}
interface Float64Array extends CopyingNumbers<Float64Array> {}
