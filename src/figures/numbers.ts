const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `3,500`. */
export function formatCount(count: number): string {
  return whole.format(count);
}

/** A number of weights: `0`, `940`, `231 k`, `1.07 M`, `80 B`. */
export function formatWeights(count: number): string {
  for (const [size, unit] of [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (count < size) continue;
    const value = count / size;
    return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ${unit}`;
  }
  return String(count);
}

/** Three significant digits: `0.482`, `12.3`, `4.1e-5`; NaN and infinities by name; a dash for nothing. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** A number where there is little room: two significant digits. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value).replace("-", "−");
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.01 || size >= 1000)) return value.toExponential(0).replace("-", "−");
  return value.toFixed(2).replace("-", "−");
}

/** A share as a percentage: `26.4%`. */
export function formatShare(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : `${(value * 100).toFixed(1)}%`;
}

/** A metric's value in its unit: a share as a percentage, anything else as a number. */
export function formatMetric(value: number, unit?: string): string {
  return unit === "share" && Number.isFinite(value) ? formatShare(value) : formatNumber(value);
}

/** `bestOf20` and `exact_label` as words: `best of 20`, `exact label`. */
export function words(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Za-z])(\d)/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase();
}
