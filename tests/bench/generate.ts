import type { z } from "zod";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { type Tensor, tensor } from "../../src/engine/tensor.ts";
import { openDecoding } from "../../src/evaluation/decoding.ts";
import { type GenerateOptions, generate } from "../../src/evaluation/generate.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { presets } from "../../src/models/presets.ts";
import { saveWeights } from "../../src/weights/file.ts";
import { findPytorch } from "../pytorch.ts";
import { type Asked, readAsked } from "./arguments.ts";
import { Peer } from "./peer.ts";
import { printRows, type Row } from "./row.ts";
import { measure, timeOf } from "./turns.ts";
import { twinConfig } from "./twinConfig.ts";
import { countWork, measurePeak, type Peak, ratesOf } from "./work.ts";

type LanguageConfig = z.input<typeof FlamingoLanguageModel.config>;

/** A language model that goes on with a text, and the images it sees, if any. */
export interface Speaker {
  config: LanguageConfig;
  /** Visual tokens [1, media, latents, visualDim]. */
  media: { shape: number[]; data: Float32Array } | undefined;
  prompt: number[];
  most: number;
}

const tiny: Speaker = {
  config: presets.tiny.language,
  media: { shape: [1, 1, 8, 128], data: Float32Array.from({ length: 8 * 128 }, (_, at) => Math.sin(at)) },
  prompt: [1, presets.tiny.language.imageToken!],
  most: 64,
};

/** The shape of OPT-125M, without its biases: Zhang et al. 2022, arXiv:2205.01068, Table 1. */
const opt: Speaker = {
  config: {
    ...{ vocabulary: 50_272, imageToken: 50_271, dim: 768, layers: 12, visualDim: 8, placement: "none" },
    decoderLayer: { type: "DecoderLayer", config: { heads: 12, headDim: 64 } },
    positions: { type: "TextPositions", config: { maxLength: 2048 } },
  },
  media: undefined,
  prompt: [2, 100],
  most: 16,
};

const speakers: Record<string, Speaker> = { tiny, "125M": opt };

const usage = `npm run -s bench -- generate [--json] [--device NAME] [--size ${Object.keys(speakers).join("|")}]... [--threads N]

Milliseconds a token of greedy generation, one text at a time, on a device (wasm), prompt and first keys included: the tiny
Flamingo with an image before it, and a language model of OPT-125M's shape with random weights. PyTorch beside it, in turn (FLAMINGO_PYTHON names its Python).`;

export async function main(args: string[]): Promise<void> {
  const asked = await readAsked(args, usage, Object.keys(speakers));
  if (asked) printRows(await benchGenerate(asked), asked.json);
}

export async function benchGenerate(asked: Asked): Promise<Row[]> {
  const peak = await measurePeak();
  const rows: Row[] = [];
  for (const size of asked.sizes) rows.push(await benchSpeaker(size, speakers[size]!, asked, peak));
  return rows;
}

async function benchSpeaker(name: string, speaker: Speaker, { device, threads }: Asked, peak: Peak): Promise<Row> {
  const weights = new Weights(1);
  const python = findPytorch();
  const peer = python ? new Peer(python, "flamingo_torch.py", threads) : undefined;
  try {
    const twin = peer && (await openTwin(peer, speaker));
    const media = peer && (await sendMedia(peer, speaker));
    const { most } = speaker;
    const theirs = peer && (async () => (await theirText(peer, speaker, media)).milliseconds / most);
    const times = await measure(async () => (await timeOf(() => ourText(weights, speaker))) / most, theirs);
    const work = await countWork(() => ourText(weights, speaker));
    const perToken = { flop: work.flop / most, bytes: work.bytes / most };
    return {
      ...{ device, threads, what: "token", size: `${name}, ${most} tokens`, ...times },
      parameters: weights.all().reduce((sum, weight) => sum + sizeOf(weight), 0),
      tokensPerSecond: 1000 / times.milliseconds,
      ...ratesOf(perToken, times.milliseconds, peak),
      ...(twin && { peer: twin }),
    };
  } finally {
    peer?.close();
    weights.dispose();
  }
}

/** Tags ask for images that are not there, so they are never said. */
function optionsOf({ config, most }: Speaker): GenerateOptions & { never: number[] } {
  return { most, never: [config.imageToken!] };
}

/** What the library says, with these weights below `language`. */
export async function ourText(weights: Weights, speaker: Speaker): Promise<number[]> {
  const media = speaker.media && tensor(speaker.media.data, speaker.media.shape);
  const open = () =>
    openDecoding(1, weights, (readingOf) => {
      const model = instantiate(FlamingoLanguageModel, speaker.config, readingOf("language"));
      return (ids) => model({ ids, media }) as Tensor;
    });
  const [generated] = await generate(open, [speaker.prompt], optionsOf(speaker));
  media?.dispose();
  return generated!.tokens;
}

/** Opens the twin with these weights, or with random ones of their shapes; returns what it is. */
export async function openTwin(peer: Peer, { config }: Speaker, weights?: Weights): Promise<string> {
  const specs = describeWeights(FlamingoLanguageModel, config);
  const shapes = Object.fromEntries(specs.map(({ name, shape }) => [`language.${name}`, shape]));
  const open = { config: twinConfig(FlamingoLanguageModel.config.parse(config)) };
  if (!weights) return peer.open({ ...open, shapes });
  const file = peer.file("weights");
  const tensors = [...(await weights.save())].map(
    ([name, data]) => [name, { dtype: "F32" as const, ...data }] as const,
  );
  await saveWeights(file, tensors);
  return peer.open({ ...open, weights: file });
}

export async function sendMedia(peer: Peer, { media }: Speaker): Promise<string | null> {
  if (!media) return null;
  const file = peer.file("media");
  await saveWeights(file, [["media", { dtype: "F32", ...media }]]);
  return file;
}

/** What the twin says, and the milliseconds of all of it. */
export async function theirText(
  peer: Peer,
  speaker: Speaker,
  media: string | null | undefined,
): Promise<{ ids: number[]; milliseconds: number }> {
  const { most, never } = optionsOf(speaker);
  return peer.ask({ generate: { media, ids: speaker.prompt, most, never } });
}
