/**
 * The smallest round number that is not below `value`: 1, 2, 2.5, 5 times a power of ten. An axis that ends there stays
 * put while its line grows, and then widens by one clear step.
 */
export function roundUp(value: number): number {
  if (!(value > 1e-300)) return 1; // powers of ten that are smaller lose their digits
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= value * (1 - 1e-9))!;
  return Number((step * power).toPrecision(3));
}

/** The largest round number that is not above `value`, for the lower end of a logarithmic axis. */
export function roundDown(value: number): number {
  return 1 / roundUp(1 / Math.max(value, 1e-6));
}
