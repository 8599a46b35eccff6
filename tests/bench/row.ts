import { cpus } from "node:os";

/** One line of a benchmark: what was measured, on what, and the peer beside it in the same run. */
export interface Row {
  device: string;
  threads: number;
  /** What one time is of: a training step, a token. */
  what: string;
  size: string;
  /** Numbers that the model holds. */
  parameters: number;
  /** Median over the turns. */
  milliseconds: number;
  /** Smallest and largest median of a turn. */
  spread: [number, number];
  /** The fastest single time: nearest to what it is when nothing else runs on the machine. */
  best: number;
  tokensPerSecond: number;
  /** Matrix products only: operations a second, and their share of the highest rate measured here for one large product. */
  flops: number;
  ofPeak: number;
  /** What all operations read and write, once each: bytes a second, and their share of the rate at which large tensors are copied. */
  bandwidth: number;
  ofCopy: number;
  peer?: string;
  peerMilliseconds?: number;
  peerBest?: number;
  /** Ours over the peer's: the median of the pairs of turns. Below 1 we are faster. */
  ratio?: number;
}

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;

const columns: Record<string, (row: Row) => string> = {
  device: ({ device, threads }) => `${device}, ${threads}`,
  what: ({ what }) => what,
  size: ({ size }) => size,
  parameters: ({ parameters }) => `${(parameters / 1e6).toFixed(1)} M`,
  ms: ({ milliseconds }) => short(milliseconds),
  spread: ({ spread }) => spread.map(short).join(" to "),
  best: ({ best }) => short(best),
  "tokens/s": ({ tokensPerSecond }) => tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0),
  "GFLOP/s": ({ flops, ofPeak }) => `${(flops / 1e9).toFixed(1)} (${percent(ofPeak)})`,
  "GB/s": ({ bandwidth, ofCopy }) => `${(bandwidth / 1e9).toFixed(1)} (${percent(ofCopy)})`,
  peer: ({ peer }) => peer ?? "none here",
  "peer ms": ({ peerMilliseconds }) => (peerMilliseconds === undefined ? "" : short(peerMilliseconds)),
  "peer best": ({ peerBest }) => (peerBest === undefined ? "" : short(peerBest)),
  ratio: ({ ratio }) => ratio?.toFixed(2) ?? "",
};

function short(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 10 ? 2 : 1);
}

/** Prints rows with the processor's name: a table for people, or JSON with every number. */
export function printRows(rows: readonly Row[], json: boolean): void {
  const processor = cpus()[0]?.model ?? "unknown";
  console.log(
    json
      ? JSON.stringify(
          rows.map((row) => ({ processor, ...row })),
          undefined,
          2,
        )
      : `Processor: ${processor}\n\n${tableOf(rows)}`,
  );
}

function tableOf(rows: readonly Row[]): string {
  const head = Object.keys(columns);
  const lines = rows.map((row) => Object.values(columns).map((write) => write(row)));
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  const pad = (line: string[]) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  return [head, ...lines].map((line) => pad(line).trimEnd()).join("\n");
}
