import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll } from "vitest";
import type { z } from "zod";
import type { Channel, LogRecord } from "../../src/channels/channel.ts";
import { channels } from "../../src/channels/channels.ts";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import type { DeviceName } from "../../src/engine/devices/device.ts";
import { executeRun } from "../../src/execution/run.ts";
import { type Pipeline, parsePipeline } from "../../src/pipeline/schema.ts";
import { conductRun, type RunControl } from "../../src/runs/conduct.ts";
import { checkpointFolder, createRun } from "../../src/runs/folder.ts";
import { findHome } from "../../src/runs/home.ts";
import { lifecycle } from "../../src/runs/record.ts";
import { type Checkpoint, newestCheckpoint } from "../../src/training/checkpoint.ts";

const base = mkdtempSync(join(tmpdir(), "flamingo-execution-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Where its runs find imported models. */
export const home = findHome({ FLAMINGO_HOME: base });

/** Folder of twelve small images: six colours, each as a square and as a stripe, captioned with words that the studio knows. */
export const images = join(base, "images");

const colours = {
  red: "#e02020",
  blue: "#2040e0",
  green: "#20a030",
  yellow: "#f0d020",
  black: "#101010",
  brown: "#8a5a2b",
};
mkdirSync(images);
const lines: string[] = [];
for (const [colour, background] of Object.entries(colours)) {
  for (const [shape, width] of Object.entries({ heart: 12, star: 4 })) {
    const file = `${colour}-${shape}.png`;
    await sharp({ create: { width, height: 12, channels: 3, background } })
      .png()
      .toFile(join(images, file));
    lines.push(JSON.stringify({ file, caption: `${colour} ${shape}` }));
  }
}
writeFileSync(join(images, "captions.jsonl"), lines.join("\n"));

const vocabulary = emojiTokenizer().pretrained;

/** Changes of the nodes' configurations, and nodes to leave out. */
export interface Change {
  config?: Record<string, Record<string, unknown>>;
  without?: readonly string[];
}

/** A feed-forward whose inner layer is twice as wide. */
const narrow = { type: "FeedForward", config: { mult: 2 } };

/** The template's pipeline in small: everything is there, and nothing is pretrained. */
export function smallPipeline({ config = {}, without = [] }: Change = {}): Pipeline {
  const nodes: Record<string, { type: string; frozen?: boolean; config: object }> = {
    data: { type: "ImageFolder", config: { folder: images, batch: 2, media: 2, imageSize: 16, heldOut: 0.3 } },
    encoder: { type: "ConvEncoder", frozen: true, config: { imageSize: 16, visualDim: 16 } },
    resampler: { type: "PerceiverResampler", config: { visualDim: 16, depth: 2, latents: 2, heads: 2, headDim: 8 } },
    language: {
      type: "FlamingoLanguageModel",
      config: {
        ...{ vocabulary, newTokens: 2, imageToken: vocabulary, dim: 16, layers: 2, visualDim: 16 },
        decoderLayer: {
          type: "DecoderLayer",
          config: {
            ...{ heads: 2, headDim: 8, feedForward: narrow },
            attention: { type: "AlibiAttention", config: { slopes: "half" } },
          },
        },
        fusionLayer: { type: "GatedXattnDense", config: { heads: 2, headDim: 8, feedForward: narrow } },
      },
    },
    loss: { type: "NextTokenLoss", config: {} },
    train: { type: "Train", config: { steps: 6, rate: 0.01, warmup: 2, gateRate: 5, checkpointEvery: 3 } },
    samples: { type: "CaptionSamples", config: { every: 3, images: 2, longest: 4 } },
    evaluate: { type: "Evaluate", config: { examples: 4, longest: 3, sets: ["heldOut"] } },
  };
  const wires = [
    "data.images > encoder.images, encoder.features > resampler.features, resampler.media > language.media",
    "data.ids > language.ids, language.logits > loss.logits, data.targets > loss.targets, loss.loss > train.loss",
    "language.logits > samples.logits, language.logits > evaluate.logits",
  ];
  const edges = wires
    .join(", ")
    .split(", ")
    .map((wire) => wire.split(" > ").map((end) => end.split(".")) as [string[], string[]])
    .filter(([from, to]) => !without.includes(from[0]!) && !without.includes(to[0]!))
    .map(([from, to]) => ({ from, to }));
  const kept = Object.entries(nodes).filter(([id]) => !without.includes(id));
  const changed = kept.map(([id, node]) => [id, { ...node, config: { ...node.config, ...config[id] } }]);
  const pipeline = {
    format: "flamingo-pipeline",
    version: 2,
    name: "Small",
    nodes: Object.fromEntries(changed),
    edges,
  };
  return parsePipeline(pipeline, "the test");
}

/** The template's pipeline on a few images, for a few steps of training alone. */
export function shortTemplate(pipeline: Pipeline, steps = 20): Pipeline {
  const { documents, train, samples, evaluate, ...nodes } = pipeline.nodes;
  const { tokenizer = "bytes" } = documents!.config;
  const data = { folder: images, batch: 1, media: 2, imageSize: 32, heldOut: 0.3, tokenizer };
  const settings = { ...train!.config, steps, warmup: 2, checkpointEvery: steps };
  return {
    ...pipeline,
    nodes: { documents: { type: "ImageFolder", config: data }, ...nodes, train: { ...train!, config: settings } },
    edges: pipeline.edges.filter(({ to }) => to[0] !== "samples" && to[0] !== "evaluate"),
  };
}

let made = 0;

/** Makes a run folder. Returns its path. */
export async function newRun(pipeline: Pipeline, seed = 1): Promise<string> {
  const folder = join(base, `run-${made++}`);
  await createRun(folder, {
    id: "small",
    name: pipeline.name,
    pipeline,
    seed,
    device: "wasm",
    created: 0,
    options: {},
  });
  return folder;
}

export interface Carried {
  folder: string;
  outcome: "succeeded" | "stopped" | "failed";
  error?: { code: string; message: string; fix?: string };
  /** Records of this time, not of those before. */
  records: LogRecord[];
}

export interface CarryOptions {
  device?: DeviceName;
  /** Sees each record, and may stop the run. */
  onRecord?: (record: LogRecord, stop: () => void) => void;
  control?: RunControl;
}

/** How to prepare a new run, without a word. */
export function quietly(device: string) {
  return { device, log: { append: () => {} }, cache: join(base, "cache"), from: 0 };
}

/** The newest checkpoint of a run, which must be whole. */
export async function newestOf(folder: string): Promise<Checkpoint> {
  const fail = (message: string) => {
    throw new Error(message);
  };
  return (await newestCheckpoint(join(folder, checkpointFolder), fail))!.checkpoint;
}

/** Carries a run out, new or resumed, as the command line and the studio do. */
export async function carryOut(
  folder: string,
  { device = "wasm", onRecord, control }: CarryOptions = {},
): Promise<Carried> {
  const stop = new AbortController();
  const records: LogRecord[] = [];
  const { outcome, error } = await conductRun(
    {
      folder,
      device,
      signal: stop.signal,
      home,
      onRecord: (record) => {
        records.push(record);
        onRecord?.(record, () => stop.abort());
      },
      ...(control ? { control: () => control } : {}),
    },
    executeRun,
  );
  return { folder, outcome, records, ...(error ? { error } : {}) };
}

type Schemas = typeof lifecycle & { [C in (typeof channels)[number] as C["name"]]: C["value"] };
type Found<Name extends keyof Schemas> = { step: number; value: z.output<Schemas[Name]> };

/** The values of a channel, each with its step. */
export function valuesOf<Name extends keyof Schemas>(records: readonly LogRecord[], name: Name): Found<Name>[] {
  const all: Record<string, z.ZodType> = { ...lifecycle };
  for (const channel of channels as unknown as Channel[]) all[channel.name] = channel.value;
  return records
    .filter(({ channel }) => channel === name)
    .map(({ step = 0, value }) => ({ step, value: all[name]!.parse(value) as z.output<Schemas[Name]> }));
}

/** What a step came to, without the time it took. */
export function stepsOf(records: readonly LogRecord[]) {
  const [rates, gates] = [valuesOf(records, "optimizer"), valuesOf(records, "gates").filter(({ step }) => step > 0)];
  return valuesOf(records, "loss").map(({ step, value }, at) => ({
    step,
    loss: value.total,
    ...rates[at]!.value,
    gates: (gates[at]?.value ?? []) as number[],
  }));
}
