import { readFileSync } from "node:fs";
import { openDevice } from "../../src/engine/devices/device.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import { readPipeline } from "../../src/pipeline/schema.ts";
import { findHome } from "../../src/runs/home.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { findPytorch } from "../pytorch.ts";
import { type Asked, readAsked } from "./arguments.ts";
import { Peer } from "./peer.ts";
import { openTwin, PipelineStep } from "./pipelineStep.ts";
import { printRows, type Row } from "./row.ts";
import { measure, timeOf } from "./turns.ts";
import { countWork, measurePeak, ratesOf } from "./work.ts";

const template = new URL("../../editor/templates/emoji-captions.json", import.meta.url);

const usage = `npm run -s bench -- template [--json] [--device NAME] [--threads N]

Milliseconds of one training step of the studio's template on a device (wasm): resampler and gated layers learn, vision
encoder and language model are frozen and computed each step; drawing the batch is left out. PyTorch beside it, in turn (FLAMINGO_PYTHON
names its Python).`;

export async function main(args: string[]): Promise<void> {
  const asked = await readAsked(args, usage, []);
  if (asked) printRows(await benchTemplate(asked), asked.json);
}

export async function benchTemplate({ device, threads }: Asked): Promise<Row[]> {
  const pipeline = readPipeline(readFileSync(template, "utf8"), "the template");
  const record = { id: "bench", name: pipeline.name, pipeline, seed: 1, device, created: 0, options: {} };
  const { model, sources } = await prepareRun(record, {
    device,
    log: { append: () => {} },
    cache: findHome().cache,
    from: 0,
  });
  await openDevice(device, { threads }); // preparing took all cores
  const { rate, gateRate, decay, clip = 1 } = model.node("train").config as Record<string, number>;
  const batch = await sources.get("documents")!.batch(0);
  const groups = flamingoGroups(gateRate!, decay!);
  const lesson = { model, source: "documents", loss: "loss", batch, groups, rate: rate!, clip };
  const step = new PipelineStep(lesson);
  const python = findPytorch();
  const peer = python ? new Peer(python, "flamingo_torch.py", threads) : undefined;
  try {
    const twin = peer && (await openTwin(peer, lesson));
    const peak = await measurePeak();
    const times = await measure(() => timeOf(() => step.step()), peer && (async () => (await peer.time(1))[0]!));
    const [rows, length] = batch.ids!.shape as [number, number];
    const row: Row = {
      ...{ device, threads, what: "training step", size: `${rows} documents, ${length} tokens` },
      ...{ parameters: step.parameters, ...times, tokensPerSecond: (rows * length * 1000) / times.milliseconds },
      ...ratesOf(await countWork(() => step.step()), times.milliseconds, peak),
      ...(twin && { peer: twin }),
    };
    return [row];
  } finally {
    peer?.close();
    step.dispose();
    model.weights.dispose();
  }
}
