/** A tensor, as far as comparing needs one; so that this file does not load TensorFlow.js. */
interface TensorLike {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
}

type Nested = number | ArrayLike<number> | readonly Nested[];

export type Numbers = Nested | TensorLike;

export interface Tolerance {
  /** Allowed error as a part of the expected value's size; 1e-5 by default. */
  relative?: number;
  /** Allowed error besides, in the numbers' own unit; 1e-6 by default. */
  absolute?: number;
}

/** Numbers in reading order, with their shape. */
interface Block {
  shape: readonly number[];
  values: ArrayLike<number>;
}

/** What a comparison found: whether all is close, and where and how large the largest error is. */
interface Comparison {
  pass: boolean;
  finding: string;
}

export function isTensor(value: Numbers): value is TensorLike {
  return typeof value === "object" && "data" in value && typeof value.data === "function";
}

/** Reads a number, an array of any depth or a typed array. */
export function blockOf(numbers: Nested): Block {
  if (typeof numbers === "number") return { shape: [], values: [numbers] };
  const rows = Array.from(numbers as ArrayLike<Nested>);
  if (rows.every((row) => typeof row === "number")) return { shape: [rows.length], values: rows };
  const blocks = rows.map(blockOf);
  const inner = blocks[0]!.shape;
  const ragged = blocks.findIndex((block) => String(block.shape) !== String(inner));
  if (ragged >= 0) throw new TypeError(`row ${ragged} has shape [${blocks[ragged]!.shape}], row 0 has [${inner}]`);
  return { shape: [rows.length, ...inner], values: blocks.flatMap((block) => Array.from(block.values)) };
}

/** Reads a tensor's numbers from its device, and the rest like `blockOf`. */
export async function blockOnDevice(numbers: Numbers): Promise<Block> {
  return isTensor(numbers) ? { shape: numbers.shape, values: await numbers.data() } : blockOf(numbers);
}

/**
 * Compares element by element: |actual − expected| ≤ absolute + relative·|expected|; NaN is close to nothing.
 * Shapes must agree; a flat list fits any shape with as many numbers.
 */
export function compareNumbers(actual: Block, expected: Block, tolerance: Tolerance = {}): Comparison {
  const { relative = 1e-5, absolute = 1e-6 } = tolerance;
  const flat = Math.min(actual.shape.length, expected.shape.length) <= 1;
  const sameShape = String(actual.shape) === String(expected.shape);
  if (!(sameShape || (flat && actual.values.length === expected.values.length)))
    return { pass: false, finding: `shape [${actual.shape}], expected [${expected.shape}]` };

  const worst = { excess: Number.NEGATIVE_INFINITY, error: 0, at: -1 };
  let misses = 0;
  for (let at = 0; at < expected.values.length; at++) {
    const wanted = expected.values[at]!;
    const error = actual.values[at] === wanted ? 0 : Math.abs(actual.values[at]! - wanted);
    const allowed = Number.isFinite(wanted) ? absolute + relative * Math.abs(wanted) : 0;
    const excess = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error - allowed;
    if (excess > 0) misses++;
    if (excess > worst.excess) Object.assign(worst, { excess, error, at });
  }
  if (worst.at < 0) return { pass: true, finding: "there are no numbers on either side" };
  const shape = actual.shape.length > expected.shape.length ? actual.shape : expected.shape;
  const wanted = expected.values[worst.at]!;
  const finding =
    `largest error ${worst.error.toPrecision(3)} (relative ${(worst.error / Math.abs(wanted)).toPrecision(3)}) at ` +
    `[${placeOf(worst.at, shape)}]: ${actual.values[worst.at]}, expected ${wanted}; ` +
    `${misses} of ${expected.values.length} are off by more than ${absolute} + ${relative}·|expected|`;
  return { pass: misses === 0, finding };
}

/** The index along each axis of the number at this position in reading order. */
function placeOf(position: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (const size of shape.toReversed()) {
    place.unshift(position % size);
    position = Math.floor(position / size);
  }
  return place;
}
