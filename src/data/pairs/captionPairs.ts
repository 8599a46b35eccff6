import { existsSync } from "node:fs";
import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { mirrorsWell } from "../augment.ts";
import { captionDocuments } from "../documents.ts";
import { decodeFrames } from "../frames.ts";
import { heldOutImages } from "../imageFolder/heldOutImages.ts";
import type { CaptionedImage } from "../imageFolder/imageFolder.ts";
import { imageSizeField } from "../imageSize.ts";
import { mirrored, toUnit } from "../pixels.ts";
import { BadSample, type BadSamples } from "../shards/badSamples.ts";
import { orderOf } from "../shards/orderOf.ts";
import { type ReadSample, readSamples, type Shard, type SplitShard, sampleCount } from "../shards/shard.ts";
import { heldOutField, maxBadField, shuffleField } from "../shards/shardFields.ts";
import type { Batch, OpenSource, SourceContext, SourceState } from "../source.ts";
import type { TokenizerOrigin } from "../tokenizerOrigin.ts";
import { findShippedTokenizer, openTokenizer, tokenizerField } from "../tokenizers.ts";
import type { Pair } from "./pair.ts";

/** Characters beyond which no token goes: what is cut off anyway is not encoded first. */
const longestToken = 64;
/** Held-out pairs that are read, at most. */
const mostHeldOut = 200;

/** What the sources of captioned images and videos have in common. */
export const pairFields = {
  batch: count("Batch", "Documents at once.", "documents").default(24),
  media: count("Images", "Images or videos in each document.", "images").default(2),
  frames: count(
    "Frames",
    "Frames of each video, taken at even distances from a folder of frames or an animated image; with 1 all are images.",
    "frames",
  ).default(1),
  imageSize: imageSizeField,
  longest: count("Longest caption", "Tokens at which a caption is cut off.", "tokens").default(64),
  mirror: z.boolean().default(true).meta({
    title: "Mirror",
    description: "Shows half of the images mirrored, but none whose caption says left, right, waxing or waning.",
  }),
  shuffle: shuffleField,
  heldOut: heldOutField,
  maxBad: maxBadField,
  tokenizer: tokenizerField,
};

/** The ports of sources of captioned images. */
export const pairOutputs = {
  images: float32("batch media frames imageSize imageSize 3", "images, from -1 to 1"),
  ids: int32("batch length", "token ids, with <image> for each image"),
  targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
};

/** What a batch of pairs is read from. */
export interface PairData {
  shards: Shard[];
  tokenizer: TokenizerOrigin;
}

const fields = z.strictObject(pairFields);
export type PairConfig = z.output<typeof fields>;

/** What a source of pairs has read once its files were looked through. */
export async function openPairs(
  config: PairConfig,
  shards: readonly SplitShard[],
  read: ReadSample<Pair>,
  badSamples: BadSamples,
  { findTokenizer = findShippedTokenizer }: Pick<SourceContext, "findTokenizer">,
): Promise<{ data: PairData } & Pick<OpenSource, "samples" | "evaluationSets" | "badSamples">> {
  const { imageSize, frames, longest, maxBad } = config;
  const heldOut = shards.map((shard) => shard.heldOut);
  const total = heldOut.reduce((sum, shard) => sum + sampleCount(shard), 0);
  const positions = Array.from({ length: Math.min(total, mostHeldOut) }, (_, position) => position);
  const { samples, skipped } = await readSamples(heldOut, positions, maxBad, decoded(config, read));
  badSamples.addAll(skipped);
  const images = new Map(samples.map(({ value, position }): [number, CaptionedImage] => [position, value]));
  const split = { train: [], heldOut: [...images.values()] };
  const tokenizer = findTokenizer(config.tokenizer);
  return {
    ...heldOutImages(split, { imageSize, frames, longest, tokenizer: openTokenizer(tokenizer) }),
    data: { shards: shards.map(({ train }) => train), tokenizer },
    badSamples,
  };
}

/** A batch of documents in which images and their captions take turns. */
export async function pairBatch(
  state: SourceState<PairConfig, PairData>,
  index: number,
  read: ReadSample<Pair>,
): Promise<Batch> {
  const { config, data, seed } = state;
  const { batch, media, frames, imageSize, longest, mirror, maxBad } = config;
  const random = new Random(seed).fork("pairs").fork(index);
  const positions = orderOf(state, data.shards, config.shuffle).positions(index * batch * media, batch * media);
  const words = openTokenizer(data.tokenizer);
  const each = frames * imageSize * imageSize * 3;
  const pixels = new Float32Array(positions.length * each);
  const open = decoded(config, read);
  // What is decoded goes into the batch at once, while others are still being decoded.
  const { samples, skipped } = await readSamples(data.shards, positions, maxBad, async (stored, place) => {
    const image = await open(stored);
    const draws = random.fork(place);
    const caption = draws.pick(image.captions);
    const flip = draws.uniform() < 0.5 && mirror && mirrorsWell(caption);
    toUnit(flip ? mirrored(image.pixels, imageSize) : image.pixels, pixels.subarray(place * each));
    return { ids: words.encode(caption).slice(0, longest), flip };
  });
  const names = samples.flatMap(({ value: { flip }, position }) =>
    Array.from({ length: frames }, (_, frame) => (2 * position + Number(flip)) * frames + frame),
  );
  const captions = samples.map(({ value }) => value.ids);
  const rows = Array.from({ length: batch }, (_, row) => captions.slice(row * media, (row + 1) * media));
  const { length, ids, targets } = captionDocuments(rows, media, words.special);
  const total = data.shards.reduce((sum, shard) => sum + sampleCount(shard), 0);
  return {
    images: {
      shape: [batch, media, frames, imageSize, imageSize, 3],
      data: pixels,
      names: { each: names, of: 2 * total * frames },
      skipped,
    },
    ids: { shape: [batch, length], data: ids },
    targets: { shape: [batch, length], data: targets },
  };
}

/** Reads a pair with its pixels. */
function decoded({ frames, imageSize, longest }: PairConfig, read: ReadSample<Pair>): ReadSample<CaptionedImage> {
  return async (stored) => {
    const { name, image, captions: whole } = await read(stored);
    const captions = whole.map((caption) => caption.slice(0, longest * longestToken));
    if (typeof image === "string" && !existsSync(image)) throw new BadSample(name, "its image is not there");
    try {
      const pixels = await decodeFrames(image, frames, imageSize);
      return { file: name, pixels, captions };
    } catch (error) {
      throw new BadSample(name, `its image cannot be decoded (${firstLine(error)})`);
    }
  };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
