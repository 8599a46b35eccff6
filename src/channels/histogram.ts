/** How numbers are spread: counts in bins of equal width. The outermost bins also hold what is beyond them. */
export interface Histogram {
  /** Where the first bin begins and the last one ends. */
  low: number;
  high: number;
  counts: number[];
  /** Of the finite numbers; 0 where there are none. */
  min: number;
  max: number;
  sum: number;
  squaredSum: number;
  /** How many of the numbers are NaN or infinite: they are in no bin. */
  notFinite: number;
}

const bins = 40;
/** Standard deviations from the mean that the bins reach: a single number far away leaves the others their bins. */
const reach = 4;

/** The histogram of numbers: the bins reach from the least to the largest, and no farther than four standard deviations from the mean. */
export function histogramOf(numbers: Float32Array): Histogram {
  let [min, max, sum, squaredSum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (const value of numbers) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    squaredSum += value * value;
    count++;
  }
  const notFinite = numbers.length - count;
  if (count === 0) return { low: 0, high: 0, counts: [0], min: 0, max: 0, sum, squaredSum, notFinite };
  const mean = sum / count;
  const deviation = Math.sqrt(Math.max(0, squaredSum / count - mean ** 2));
  const low = Math.max(min, mean - reach * deviation);
  const high = Math.min(max, mean + reach * deviation);
  if (!(high > low)) return { low, high: low, counts: [count], min, max, sum, squaredSum, notFinite };
  const counts = new Array<number>(bins).fill(0);
  const scale = bins / (high - low);
  for (const value of numbers)
    if (Number.isFinite(value)) counts[Math.max(0, Math.min(bins - 1, Math.floor((value - low) * scale)))]!++;
  return { low, high, counts, min, max, sum, squaredSum, notFinite };
}

/** How many numbers are in the bins. */
export function countOf({ counts }: Histogram): number {
  return counts.reduce((sum, each) => sum + each, 0);
}

/** The standard deviation of the numbers; NaN where there are none. */
export function deviationOf(histogram: Histogram): number {
  const count = countOf(histogram);
  const { sum, squaredSum } = histogram;
  return Math.sqrt(Math.max(0, squaredSum / count - (sum / count) ** 2));
}

/** The value that a share of the numbers is below: exact at 0 and 1, and as fine as the bins between. */
export function quantile(histogram: Histogram, share: number): number {
  const { low, high, counts, min, max } = histogram;
  const all = countOf(histogram);
  if (all === 0) return Number.NaN;
  if (share <= 0) return min;
  if (share >= 1) return max;
  let left = share * all;
  for (const [at, count] of counts.entries()) {
    if (left <= count && count > 0) return low + ((at + left / count) * (high - low)) / counts.length;
    left -= count;
  }
  return high;
}
