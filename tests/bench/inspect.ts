import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { histogramOf } from "../../src/channels/histogram.ts";
import { mostNumbers } from "../../src/channels/histograms.ts";
import type { OpenSource } from "../../src/data/source.ts";
import type { TextTokenizer } from "../../src/data/tokenizer.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { readScalars } from "../../src/engine/read.ts";
import { dispose, tidy } from "../../src/engine/tensor.ts";
import { captionAttention } from "../../src/evaluation/captioning/captionAttention.ts";
import { PromptModel } from "../../src/evaluation/promptModel.ts";
import { labelOf } from "../../src/evaluation/promptTemplate.ts";
import { type PipelineModel, toTensors, type Values } from "../../src/execution/pipelineModel.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import { Series } from "../../src/figures/series.ts";
import { AttentionWatch } from "../../src/inspection/attention.ts";
import { channelProbes } from "../../src/inspection/probes.ts";
import { readPipeline } from "../../src/pipeline/schema.ts";
import { findHome } from "../../src/runs/home.ts";
import { RunLog } from "../../src/runs/log.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { readTemplate } from "../../src/runs/templates.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { UpdateWatch } from "../../src/training/updateNorms.ts";
import { readWeightSamples } from "../../src/training/weightSamples.ts";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { ask, spawnFlamingo, studioOf } from "../studioProcess.ts";
import { readAsked } from "./arguments.ts";
import { PipelineStep } from "./pipelineStep.ts";

const usage = `npm run -s bench -- inspect [--json] [--device NAME] [--threads N]

What watching costs: a window of 1,500 pixels out of each of 50 series of 1,000,000 points, the append of a step's 200 numbers to
their series and to the log, the probes of the template's training as a share of a step, and the attention of 8 pinned examples: processor
time, all threads together. And how long after a step is logged the page has drawn it, while a run trains on all cores.`;

/** A measurement with the most that it may be. */
interface Finding {
  what: string;
  value: number;
  unit: "ms" | "%";
  /** Without it the value is told only. */
  most?: number;
}

const template = new URL("../../editor/templates/emoji-captions.json", import.meta.url);
const sizes = { series: 50, points: 1_000_000, pixels: 1500, numbers: 200 } as const;

export async function main(args: string[]): Promise<void> {
  const asked = await readAsked(args, usage, []);
  if (!asked) return;
  const findings = [
    ...windowsAndAppends(),
    ...(await probeShares(asked.device, asked.threads)),
    ...(hasBrowser() ? [await stepToPixel(asked.device)] : []),
  ];
  const processor = cpus()[0]?.model ?? "unknown";
  if (asked.json) console.log(JSON.stringify({ processor, findings }, undefined, 2));
  else {
    console.log(`Processor: ${processor}\n`);
    for (const { what, value, unit, most } of findings)
      console.log(
        `${what.padEnd(74)} ${value.toPrecision(3).padStart(8)} ${unit}${most === undefined ? "" : `  (at most ${most} ${unit})`}`,
      );
  }
  if (findings.some(({ value, most }) => most !== undefined && !(value <= most))) process.exitCode = 1;
}

function windowsAndAppends(): Finding[] {
  const all = Array.from({ length: sizes.series }, (_, which) => {
    let series = Series.empty;
    for (let step = 0; step < sizes.points; step++) series = series.append(step, Math.sin(step * (which + 1)));
    return series;
  });
  all[0]!.window(0, sizes.points, sizes.pixels); // compiled
  const windows = all.map((series) =>
    middle(Array.from({ length: 5 }, () => processorTime(() => void series.window(0, sizes.points, sizes.pixels)))),
  );
  const many = Array.from({ length: sizes.numbers }, () => Series.of([0], [0]));
  const folder = mkdtempSync(join(tmpdir(), "flamingo-bench-"));
  const log = RunLog.open(folder);
  const value = Array.from({ length: sizes.numbers }, (_, at) => Math.sin(at));
  const steps = 2000;
  const appends = processorTime(() => {
    let series = many;
    for (let step = 1; step <= steps; step++) series = series.map((each, at) => each.append(step, value[at]!));
  });
  const logged = processorTime(() => {
    for (let step = 1; step <= steps; step++) log.append({ channel: "gates", step, value });
  });
  log.close();
  rmSync(folder, { recursive: true });
  const size = `${sizes.series} series of ${sizes.points.toLocaleString("en-US")} points`;
  return [
    {
      what: `a window of ${sizes.pixels} pixels, the slowest of ${size}`,
      value: Math.max(...windows),
      unit: "ms",
      most: 10,
    },
    {
      what: `a step's ${sizes.numbers} numbers appended to their series`,
      value: appends / steps,
      unit: "ms",
      most: 0.2,
    },
    { what: `the same written to the log`, value: logged / steps, unit: "ms", most: 0.2 },
  ];
}

/** Steps between two readings inside the model: as the channels and the trainer have it. */
const every = 50;

async function probeShares(device: string, threads: number): Promise<Finding[]> {
  const pipeline = readPipeline(readFileSync(template, "utf8"), "the template");
  const record = { id: "bench", name: pipeline.name, pipeline, seed: 1, device, created: 0, options: {} };
  const options = { device, log: { append: () => {} }, cache: findHome().cache, from: 0 };
  const { model, sources } = await prepareRun(record, options);
  await openDevice(device as Parameters<typeof openDevice>[0], { threads }); // preparing took all cores
  const batch = await sources.get("documents")!.batch(0);
  const lesson = {
    model,
    source: "documents",
    loss: "loss",
    batch,
    groups: flamingoGroups(5, 0.1),
    rate: 1e-3,
    clip: 1,
  };
  const step = new PipelineStep(lesson);
  const median = async (work: () => Promise<unknown>, times = 12) => {
    await work();
    const found: number[] = [];
    for (let turn = 0; turn < times; turn++) {
      const start = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(start);
      found.push((user + system) / 1000);
    }
    return middle(found);
  };
  const whole = await median(() => step.step());
  const trained = model.weights.trainable();
  const gates = trained.filter(({ group }) => group === "gate").map(({ variable }) => variable);
  const gatesRead = await median(() => readScalars(gates));
  const probes = channelProbes(model.placedBlocks());
  const read = await median(async () => {
    const given = toTensors(batch);
    const forward = () => model.compute("loss", new Map([["documents", given]]) as Values);
    tidy(() => void model.watched(probes.flatMap((probe) => probe.probes), forward)); // biome-ignore format: one call
    for (const probe of probes) await probe.value();
    dispose(Object.values(given));
  });
  const updates = await median(async () => {
    const measured = new UpdateWatch(trained, trained.map(({ variable }) => variable)).finish(); // biome-ignore format: one call
    await readScalars(measured);
    dispose(measured);
  });
  const spreads = await median(async () => {
    const variables = trained.map(({ variable }) => variable);
    const { weights, gradients } = await readWeightSamples(trained, variables, mostNumbers, 1);
    for (const numbers of [...weights, ...gradients]) histogramOf(numbers);
  });
  const attention = await attentionOf(model, sources.get("documents")!, median);
  step.dispose();
  model.weights.dispose();
  return [
    {
      what: `gates of every step, of a step of ${whole.toFixed(0)} ms`,
      value: (100 * gatesRead) / whole,
      unit: "%",
      most: 0.5,
    },
    {
      what: `all scalar probes: gates, and every ${every} steps the rest`,
      value: (100 * (gatesRead + (read + updates) / every)) / whole,
      unit: "%",
      most: 3,
    },
    {
      what: `histograms of weights and gradients, every ${every} steps`,
      value: (100 * spreads) / every / whole,
      unit: "%",
      most: 1,
    },
    { what: `captions and attention of ${pinned} pinned examples, each time`, value: attention, unit: "ms" },
  ];
}

/** Pinned examples, as many as the template has. */
const pinned = 8;

/** Captions the pinned examples and reads what each token attends to, as the samples node does. */
function attentionOf(
  model: PipelineModel,
  source: OpenSource,
  median: (work: () => Promise<unknown>, times: number) => Promise<number>,
): Promise<number> {
  const logits = model.inputsOf("loss").logits!;
  const prompts = PromptModel.at(model, logits, () => source.tokenizer as TextTokenizer);
  const images = source.samples!.slice(0, pinned).map(({ media }) => media[0]!);
  const labels = source.samples!.slice(0, pinned).map(labelOf);
  return median(async () => {
    const watch = new AttentionWatch(prompts.blocks);
    prompts.encode(images, watch.probes);
    const captions = await prompts.generate(
      images.map((image) => [image]),
      { most: 8 },
    );
    const tokens = captions.map((caption) => caption.tokens);
    await captionAttention(prompts, watch, images, tokens, labels);
    watch.dispose();
    prompts.release();
  }, 5);
}

/** Steps of the run that a page watches. */
const watched = 150;

/** The time from when a step is logged until the page's plot of the loss has drawn it or a later one: the median over all steps. */
async function stepToPixel(device: string): Promise<Finding> {
  const home = mkdtempSync(join(tmpdir(), "flamingo-bench-"));
  const studio = spawnFlamingo(home, "start", "--no-open", "--port", "0");
  const browser = await launchBrowser();
  try {
    const { url, connect } = await studioOf(studio);
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript("globalThis.__name = (made) => made"); // what the compiler calls in functions that are sent there
    await page.goto(url);
    await page.locator(".card-weights").first().waitFor({ timeout: 120_000 });
    const socket = connect();
    const body = { pipeline: await readTemplate("emoji-captions"), steps: watched, device };
    const { run } = await ask(socket, "run:start", body);
    socket.close();
    const drawn = (await page.evaluate(watchPlot, [run, watched] as const)) as [number, number][];
    const logged = (await readRecords(join(home, "runs", run))).filter(({ channel }) => channel === "loss");
    const waits = logged.map(({ step, time }) => drawn.find(([last]) => last >= step!)![1] - time);
    return {
      what: "from a step in the log to its point in the page, median",
      value: middle(waits),
      unit: "ms",
      most: 250,
    };
  } finally {
    await browser.close();
    const ended = new Promise((resolve) => studio.once("exit", resolve));
    studio.kill("SIGINT");
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
}

/** In the page: the last step that the plot of the loss has, and when it was painted, each time that it changes. */
function watchPlot([run, steps]: readonly [string, number]): Promise<[number, number][]> {
  location.hash = `#run=${run}`;
  const drawn: [number, number][] = [];
  return new Promise((resolve) => {
    const look = () => {
      const plot = document.querySelector('[data-testid="loss-plot"]') as { data?: { x: number[] }[] } | null;
      const last = plot?.data?.[0]?.x.at(-1) ?? 0;
      if (last > (drawn.at(-1)?.[0] ?? 0)) drawn.push([last, Date.now()]);
      if (last >= steps) resolve(drawn);
      else requestAnimationFrame(look);
    };
    look();
  });
}

/** The median. */
function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Milliseconds of all threads. */
function processorTime(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
