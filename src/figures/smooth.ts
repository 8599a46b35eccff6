/**
 * Exponential moving average without the bias of its start: y_t = (Σ w^(t-i) x_i) / (Σ w^(t-i)). A constant series
 * stays constant; a gap (null) stays a gap and is passed over.
 * @param weight how much of the past is kept, from 0 (nothing) to below 1
 */
export function smooth(values: readonly (number | null)[], weight: number): (number | null)[] {
  let sum = 0;
  let mass = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = sum * weight + value;
    mass = mass * weight + 1;
    return sum / mass;
  });
}
