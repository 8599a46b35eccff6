import { parseArgs } from "node:util";
import { openWasm } from "../../src/engine/wasm/backend.ts";
import { findTorch, Peer } from "./peer.ts";
import { drawNumbers, makeToy } from "./toy.ts";

/** One width of the toy: the median milliseconds of a training step, and the peer's beside it. */
export interface TrainRow {
  device: string;
  what: "train";
  width: number;
  parameters: number;
  threads: number;
  milliseconds: number;
  /** Smallest and largest median of a turn. */
  spread: [number, number];
  tokensPerSecond: number;
  peer?: string;
  peerMilliseconds?: number;
  /** Ours over the peer's: the median of the pairs. */
  ratio?: number;
  /** The fastest single step of each: nearest to what it is when nothing else runs on the machine. */
  best: number;
  peerBest?: number;
}

const batch = 16;
const length = 32;
const turns = 5;
const turnMilliseconds = 3000;

const usage = `npm run -s bench -- train [--json] [--width N]... [--threads N]

Milliseconds of one training step of a small Flamingo on the wasm device, and of PyTorch beside it, in turn, where a
python3 has torch.`;

export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      width: { type: "string", multiple: true, default: ["128", "256"] },
      threads: { type: "string", default: "2" },
    },
  });
  if (values.help) return console.log(usage);
  const rows = await benchTrain(values.width.map(Number), Number(values.threads));
  console.log(values.json ? JSON.stringify(rows, undefined, 2) : tableOf(rows));
}

/** Measures a training step of the toy at these widths on `wasm`, in turn with PyTorch where there is one. */
async function benchTrain(widths: readonly number[], threads: number): Promise<TrainRow[]> {
  const device = await openWasm({ threads });
  const python = findTorch();
  const rows: TrainRow[] = [];
  for (const width of widths) rows.push(await benchWidth(width, device.threads, python));
  return rows;
}

async function benchWidth(width: number, threads: number, python: string | undefined): Promise<TrainRow> {
  const numbers = drawNumbers(width, batch, width);
  const toy = makeToy(width, batch, numbers);
  const peer = python ? new Peer(python, threads) : undefined;
  try {
    const version = await peer?.open(width, batch, numbers);
    const ourStep = () => Promise.resolve(timeOf(toy.step));
    const theirStep = async () => (await peer!.time(1))[0]!;
    for (let i = 0; i < 5; i++) await ourStep();
    await peer?.time(3);
    const ourTurns: number[][] = [];
    const theirTurns: number[][] = [];
    for (let turn = 0; turn < turns; turn++) {
      ourTurns.push(await takeTurn(ourStep));
      if (peer) theirTurns.push(await takeTurn(theirStep));
    }
    const [ours, theirs] = [ourTurns.map(median), theirTurns.map(median)];
    const milliseconds = median(ours);
    return {
      ...{ device: "wasm", what: "train", width, parameters: toy.parameters, threads, milliseconds },
      ...{ spread: [Math.min(...ours), Math.max(...ours)], tokensPerSecond: (batch * length * 1000) / milliseconds },
      best: Math.min(...ourTurns.flat()),
      ...(peer && {
        peer: `PyTorch ${version}`,
        peerMilliseconds: median(theirs),
        ratio: median(ours.map((one, turn) => one / theirs[turn]!)),
        peerBest: Math.min(...theirTurns.flat()),
      }),
    };
  } finally {
    peer?.close();
    toy.dispose();
  }
}

/** Times of some steps: twelve, or as many as a turn's time allows where they are slow, and three at least. */
async function takeTurn(step: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  let spent = 0;
  while (times.length < 3 || (times.length < 12 && spent < turnMilliseconds)) {
    times.push(await step());
    spent += times.at(-1)!;
  }
  return times;
}

function timeOf(step: () => unknown): number {
  const start = performance.now();
  step();
  return performance.now() - start;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

/** The rows as a table for people. */
function tableOf(rows: readonly TrainRow[]): string {
  const head = [
    "device",
    "threads",
    "width",
    "parameters",
    "ms/step",
    "spread",
    "tokens/s",
    "best",
    "peer",
    "peer ms",
    "best",
    "ratio",
  ];
  const lines = rows.map((row) => [
    ...[row.device, String(row.threads), String(row.width), row.parameters.toLocaleString("en")],
    ...[row.milliseconds.toFixed(1), row.spread.map((ms) => ms.toFixed(0)).join(" to ")],
    ...[row.tokensPerSecond.toFixed(0), row.best.toFixed(1), row.peer ?? "none here"],
    ...[row.peerMilliseconds?.toFixed(1) ?? "", row.peerBest?.toFixed(1) ?? "", row.ratio?.toFixed(2) ?? ""],
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]!.length)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
