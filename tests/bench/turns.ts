import type { Row } from "./row.ts";

/** What is timed: milliseconds of one time, by itself. */
export type Timed = () => Promise<number>;

export type Times = Pick<Row, "milliseconds" | "spread" | "best" | "peerMilliseconds" | "peerBest" | "ratio">;

const turns = 5;
const turnMilliseconds = 3000;
const warmUps = 4;

/** Measures ours and the peer's in turn, so that what else the machine does meets both. */
export async function measure(ours: Timed, theirs?: Timed): Promise<Times> {
  await warmUp(ours);
  if (theirs) await warmUp(theirs);
  const ourTurns: number[][] = [];
  const theirTurns: number[][] = [];
  for (let turn = 0; turn < turns; turn++) {
    ourTurns.push(await takeTurn(ours));
    if (theirs) theirTurns.push(await takeTurn(theirs));
  }
  const [medians, theirMedians] = [ourTurns.map(median), theirTurns.map(median)];
  return {
    milliseconds: median(medians),
    spread: [Math.min(...medians), Math.max(...medians)],
    best: Math.min(...ourTurns.flat()),
    ...(theirs && {
      peerMilliseconds: median(theirMedians),
      peerBest: Math.min(...theirTurns.flat()),
      ratio: median(medians.map((one, turn) => one / theirMedians[turn]!)),
    }),
  };
}

/** Twelve times, or as many as a turn's time allows where they are slow. */
async function takeTurn(timed: Timed): Promise<number[]> {
  const times: number[] = [];
  const start = performance.now();
  do times.push(await timed());
  while (times.length < 12 && performance.now() - start < turnMilliseconds);
  return times;
}

async function warmUp(timed: Timed): Promise<void> {
  const start = performance.now();
  for (let i = 0; i < warmUps && performance.now() - start < turnMilliseconds; i++) await timed();
}

/** Milliseconds that something takes. */
export async function timeOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
