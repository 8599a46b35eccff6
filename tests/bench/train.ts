import { findPytorch } from "../pytorch.ts";
import { type Asked, readAsked } from "./arguments.ts";
import { Peer } from "./peer.ts";
import { printRows, type Row } from "./row.ts";
import { drawNumbers, makeToy, openTwin } from "./toy.ts";
import { measure, timeOf } from "./turns.ts";
import { countWork, measurePeak, type Peak, ratesOf } from "./work.ts";

const batch = 16;
const length = 32;

const usage = `npm run -s bench -- train [--json] [--device NAME] [--size WIDTH]... [--threads N]

Milliseconds of one training step of a small Flamingo on a device (wasm), all of it trained, and of PyTorch beside it, in
turn, where a python3 has torch (FLAMINGO_PYTHON names another Python).`;

export async function main(args: string[]): Promise<void> {
  const asked = await readAsked(args, usage, ["128", "256"]);
  if (asked) printRows(await benchTrain(asked), asked.json);
}

export async function benchTrain(asked: Asked): Promise<Row[]> {
  const peak = await measurePeak();
  const rows: Row[] = [];
  for (const size of asked.sizes) rows.push(await benchWidth(Number(size), asked, peak));
  return rows;
}

async function benchWidth(width: number, { device, threads }: Asked, peak: Peak): Promise<Row> {
  const numbers = drawNumbers(width, batch, width);
  const toy = makeToy(width, batch, numbers);
  const python = findPytorch();
  const peer = python ? new Peer(python, "toy_torch.py", threads) : undefined;
  try {
    const twin = peer && (await openTwin(peer, width, batch, numbers));
    const theirs = peer && (async () => (await peer.time(1))[0]!);
    const times = await measure(() => timeOf(toy.step), theirs);
    return {
      ...{ device, threads, what: "training step", size: `width ${width}, batch ${batch}, ${length} tokens` },
      ...{ parameters: toy.parameters, ...times, tokensPerSecond: (batch * length * 1000) / times.milliseconds },
      ...ratesOf(await countWork(toy.step), times.milliseconds, peak),
      ...(twin && { peer: twin }),
    };
  } finally {
    peer?.close();
    toy.dispose();
  }
}
