/** Points of a line; null is a gap. */
export interface Line {
  x: number[];
  y: (number | null)[];
}

/**
 * Thins a line out for drawing: the steps are put into buckets of equal width, and of each bucket the smallest, the
 * largest and the last value stay, in their order. Spikes stay visible and the line ends where the data ends. A gap
 * (null) between two values stays one gap.
 * @param most at most so many points are returned, apart from gaps; a line that is short enough is returned as it is
 */
export function downsample(line: Line, most: number): Line {
  const count = Math.min(line.x.length, line.y.length);
  if (count <= most) return { x: line.x.slice(0, count), y: line.y.slice(0, count) };
  const buckets = Math.max(1, Math.floor(most / 3));
  const first = line.x[0]!;
  const width = (line.x[count - 1]! - first) / buckets || 1;
  const kept: Line = { x: [], y: [] };
  let from = 0;
  while (from < count) {
    const bucket = bucketOf(line.x[from]!, first, width, buckets);
    let to = from + 1;
    while (to < count && bucketOf(line.x[to]!, first, width, buckets) === bucket) to++;
    keepOf(line, from, to, kept);
    from = to;
  }
  return kept;
}

function bucketOf(x: number, first: number, width: number, buckets: number): number {
  return Math.min(buckets - 1, Math.floor((x - first) / width));
}

function keepOf(line: Line, from: number, to: number, kept: Line): void {
  let low = -1;
  let high = -1;
  let last = -1;
  let gap = -1;
  for (let index = from; index < to; index++) {
    const value = line.y[index];
    if (value === null || value === undefined) {
      gap = index;
      continue;
    }
    last = index;
    if (low < 0 || value < line.y[low]!) low = index;
    if (high < 0 || value > line.y[high]!) high = index;
  }
  const chosen = [...new Set([low, high, last, gap])].filter((index) => index >= 0).sort((a, b) => a - b);
  for (const index of chosen) {
    kept.x.push(line.x[index]!);
    kept.y.push(line.y[index] ?? null);
  }
}
