/** Round numbers within a range, about `wanted` of them: steps of 1, 2, 2.5 or 5 times a power of ten. */
export function linearTicks([low, high]: readonly [number, number], wanted: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [low];
  const rough = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((candidate) => candidate * power >= rough * (1 - 1e-9))! * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** 1, 2 and 5 times powers of ten within a range above 0; where these are few, round numbers between. */
export function logTicks(range: readonly [number, number]): number[] {
  const [low, high] = range;
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, index) => 10 ** (first + index));
  const within = (value: number) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  for (const factors of [[1], [1, 3], [1, 2, 5]]) {
    const ticks = powers.flatMap((power) => factors.map((factor) => factor * power)).filter(within);
    if (ticks.length >= 3) return ticks.filter((_, index) => index % Math.ceil(ticks.length / 7) === 0);
  }
  return linearTicks(range, 5).filter((value) => value > 0);
}

/** A tick's label: as many digits as tell it from its neighbours. */
export function tickLabel(value: number, ticks: readonly number[]): string {
  const size = Math.max(...ticks.map(Math.abs));
  const large = size >= 1e6 || (size !== 0 && size < 1e-3);
  const small = value !== 0 && Math.abs(value) < 1e-4;
  if (value !== 0 && (large || small)) return value.toExponential().replace("e+", "e").replace(/^-/, "−");
  const digits = ticks.map((tick) => (Math.abs(tick) < 1e-4 ? 0 : (String(tick).split(".")[1] ?? "").length));
  const fraction = Math.min(12, Math.max(0, ...digits));
  const text = value.toLocaleString("en-US", { minimumFractionDigits: fraction, maximumFractionDigits: fraction });
  return text.replace(/^-/, "−");
}
