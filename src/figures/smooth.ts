import type { Series } from "./series.ts";

/**
 * Exponential moving average without the bias of its start: y_t = (Σ w^(t-i) x_i) / (Σ w^(t-i)). A constant series
 * stays constant. A value that is not finite stays as it is and counts for no other.
 * @param weight how much of the past is kept, from 0 (nothing) to below 1
 */
export function smooth(series: Series, weight: number): Series {
  let sum = 0;
  let mass = 0;
  return series.map((value) => {
    if (!Number.isFinite(value)) return value;
    sum = sum * weight + value;
    mass = mass * weight + 1;
    return sum / mass;
  });
}
