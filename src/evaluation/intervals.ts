/** A value with its 95% interval, and how many cases were counted. All is NaN where there were none. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
  count: number;
  /** Of a share: the cases that are right. */
  hits?: number;
  /** The value of each case, where it is their mean: two models are compared case by case with it. */
  each?: readonly number[];
}

const nothing = { value: Number.NaN, low: Number.NaN, high: Number.NaN };

/** Two-sided 95% point of the normal distribution. */
const z = 1.959964;

/**
 * A share with its 95% Wilson interval, which stays within 0 and 1 and is right for few cases too.
 * @see Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference
 */
export function shareOf(hits: number, count: number): Estimate {
  if (count === 0) return { hits, count, ...nothing };
  const value = hits / count;
  const spread = z * Math.sqrt((value * (1 - value)) / count + (z * z) / (4 * count * count));
  const scale = 1 + (z * z) / count;
  const centre = value + (z * z) / (2 * count);
  return { hits, count, value, low: (centre - spread) / scale, high: (centre + spread) / scale };
}

/** The share of cases that are right, which keeps what each case came to. */
export function shareOfCases(right: readonly boolean[]): Estimate {
  return { ...shareOf(right.filter(Boolean).length, right.length), each: right.map(Number) };
}

/** The 95% interval around the sum or mean of independent means, by the normal distribution; within 0 and 1. */
export function normalInterval(value: number, samples: readonly (readonly number[])[]): Omit<Estimate, "count"> {
  const variance = samples.reduce((sum, sample) => sum + varianceOf(sample) / sample.length, 0);
  const spread = z * Math.sqrt(variance);
  return { value, low: Math.max(0, value - spread), high: Math.min(1, value + spread) };
}

/** A mean with its 95% interval, by the normal distribution. */
export function meanOf(values: readonly number[]): Estimate {
  const count = values.length;
  if (count === 0) return { count, ...nothing };
  const value = values.reduce((sum, each) => sum + each, 0) / count;
  const spread = z * Math.sqrt(varianceOf(values) / count);
  return { count, value, low: value - spread, high: value + spread, each: values };
}

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, values.length - 1);
}
