/** A value with its 95% interval, and how many cases were counted. All is null where there were none. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
  count: number;
  /** Of a share: the cases that are right. */
  hits?: number;
}

/** Two-sided 95% point of the normal distribution. */
const z = 1.959964;

/**
 * A share with its 95% Wilson interval, which stays within 0 and 1 and is right for few cases too.
 * @see Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference
 */
export function shareOf(hits: number, count: number): Estimate {
  if (count === 0) return { hits, count, value: null, low: null, high: null };
  const value = hits / count;
  const spread = z * Math.sqrt((value * (1 - value)) / count + (z * z) / (4 * count * count));
  const scale = 1 + (z * z) / count;
  const centre = value + (z * z) / (2 * count);
  return { hits, count, value, low: (centre - spread) / scale, high: (centre + spread) / scale };
}

/** A mean with its 95% interval, by the normal distribution. */
export function meanOf(values: readonly number[]): Estimate {
  const count = values.length;
  if (count === 0) return { count, value: null, low: null, high: null };
  const value = values.reduce((sum, each) => sum + each, 0) / count;
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / Math.max(1, count - 1);
  const spread = z * Math.sqrt(variance / count);
  return { count, value, low: value - spread, high: value + spread };
}
