/** A mean with its 95% interval. */
export interface MeanInterval {
  value: number;
  low: number;
  high: number;
}

/** Two-sided 95% points of Student's t by degrees of freedom, from 1 to 30. */
const points = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * The mean of two or more values with Student's 95% interval: mean ± t(n - 1) sd / √n.
 * @see Student 1908, The Probable Error of a Mean
 */
export function studentInterval(values: readonly number[]): MeanInterval {
  const count = values.length;
  const value = values.reduce((sum, each) => sum + each, 0) / count;
  const margin = (pointAt(count - 1) * standardDeviation(values)) / Math.sqrt(count);
  return { value, low: value - margin, high: value + margin };
}

/** The standard deviation of a sample of two or more values. */
export function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (values.length - 1));
}

/** Beyond the table by an expansion around the normal distribution's point (Abramowitz and Stegun 1964, 26.7.5). */
function pointAt(freedom: number): number {
  const z = 1.959964;
  const expanded = z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
  return points[freedom - 1] ?? expanded;
}
