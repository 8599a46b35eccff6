/**
 * Bicubic interpolation of a row of `from` numbers to `to` numbers, as a matrix [to, from]: the centre of output i lies at
 * (i + ½)·from/to − ½, and numbers beyond the ends are those at the ends.
 *
 * `antialias` widens the kernel where the row shrinks, has a = −½ and leaves out what lies beyond the ends; without it
 * a = −¾. Both are PyTorch's `interpolate(mode="bicubic", align_corners=False)`.
 *
 * @see Keys 1981, Cubic convolution interpolation for digital image processing
 */
export function bicubicMatrix(from: number, to: number, antialias: boolean): Float32Array {
  const matrix = new Float32Array(to * from);
  const ratio = from / to;
  const a = antialias ? -0.5 : -0.75;
  const stretch = antialias ? Math.max(ratio, 1) : 1;
  for (let row = 0; row < to; row++) {
    const centre = (row + 0.5) * ratio - 0.5;
    const [first, last] = [Math.floor(centre - 2 * stretch) + 1, Math.ceil(centre + 2 * stretch) - 1];
    const weights = new Map<number, number>();
    for (let at = first; at <= last; at++) {
      const inside = Math.min(from - 1, Math.max(0, at));
      if (antialias && inside !== at) continue;
      weights.set(inside, (weights.get(inside) ?? 0) + keys((at - centre) / stretch, a));
    }
    const sum = [...weights.values()].reduce((total, weight) => total + weight, 0);
    for (const [at, weight] of weights) matrix[row * from + at] = weight / sum;
  }
  return matrix;
}

/** Keys' kernel: cubic on 0..1 and 1..2, 0 beyond. */
function keys(x: number, a: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0;
}
