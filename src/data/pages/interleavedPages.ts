import { existsSync } from "node:fs";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { maskedTargets } from "../documents.ts";
import { imageSizeField } from "../imageSize.ts";
import { decodeImage, type Pixels, toUnit } from "../pixels.ts";
import { BadSample, type SkippedSample } from "../shards/badSamples.ts";
import { orderOf } from "../shards/orderOf.ts";
import { type ReadSample, readSamples, type Shard } from "../shards/shard.ts";
import { maxBadField, shuffleField } from "../shards/shardFields.ts";
import type { Batch, SourceState } from "../source.ts";
import type { TextTokenizer } from "../tokenizer.ts";
import type { TokenizerOrigin } from "../tokenizerOrigin.ts";
import { openTokenizer, tokenizerField } from "../tokenizers.ts";
import type { Page } from "./page.ts";

/** What the sources of interleaved pages have in common. */
export const pageFields = {
  batch: count("Batch", "Pages at once.", "pages").default(24),
  media: count("Images", "Most images that are taken from a page.", "images").default(5),
  length: count("Length", "Tokens of the part that is taken from a page.", "tokens").default(256),
  imageSize: imageSizeField,
  shuffle: shuffleField,
  maxBad: maxBadField,
  tokenizer: tokenizerField,
};

/** The ports of sources of interleaved pages. */
export const pageOutputs = {
  images: float32("batch media 1 imageSize imageSize 3", "images, from -1 to 1; 0 where a page has fewer"),
  ids: int32("batch length", "token ids, with <image> for each image"),
  targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
};

interface PageConfig {
  batch: number;
  media: number;
  length: number;
  imageSize: number;
  shuffle: number;
  maxBad: number;
}

/** What a batch of pages is read from. */
export interface PageData {
  shards: Shard[];
  tokenizer: TokenizerOrigin;
}

/** The part of a page that is taken: tokens and, between them, images. */
interface Excerpt {
  units: (number | Pixels)[];
  /** Images that could not be used. */
  skipped: SkippedSample[];
}

/**
 * A batch of excerpts from pages: `<bos> words <image> words <|endofchunk|><image> words <|endofchunk|>`.
 *
 * Of each page a random run of `length` tokens is taken, with the first `media` images in it; an image that cannot be used is left out. The loss
 * counts the words after an image, as in OpenFlamingo. Every row has `length` tokens, and room for `media` images.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.4 and appendix A.1 (256 tokens, up to 5 images), arXiv:2204.14198; OpenFlamingo v2.0.1
 */
export async function pageBatch(
  state: SourceState<PageConfig, PageData>,
  index: number,
  read: ReadSample<Page>,
): Promise<Batch> {
  const { config, data, seed } = state;
  const { batch, media, length, imageSize, maxBad } = config;
  const words = openTokenizer(data.tokenizer);
  const random = new Random(seed).fork("pages").fork(index);
  const positions = orderOf(state, data.shards, config.shuffle).positions(index * batch, batch);
  const { samples, skipped } = await readSamples(data.shards, positions, maxBad, async (stored) =>
    excerptOf(await read(stored), config, words, random.fork(stored.position)),
  );
  const each = imageSize * imageSize * 3;
  const images = new Float32Array(batch * media * each);
  const ids = new Int32Array(batch * length).fill(words.special.pad);
  for (const [row, { value }] of samples.entries()) {
    const { text, shown } = laidOut(value.units, length, words);
    ids.set(text, row * length);
    shown.forEach((pixels, place) => {
      toUnit(pixels, images.subarray((row * media + place) * each));
    });
  }
  const left = [...skipped, ...samples.flatMap(({ value }) => value.skipped)];
  return {
    images: { shape: [batch, media, 1, imageSize, imageSize, 3], data: images, skipped: left },
    ids: { shape: [batch, length], data: ids },
    targets: { shape: [batch, length], data: maskedTargets(ids, length, words.special) },
  };
}

/** A random run of a page's tokens, with the first images in it. @throws BadSample if it has none that can be used */
async function excerptOf(
  { name, parts }: Page,
  { media, length, imageSize }: PageConfig,
  words: TextTokenizer,
  random: Random,
): Promise<Excerpt> {
  type Unit = number | Exclude<Page["parts"][number], { text: string }>;
  const units = parts.flatMap((part): Unit[] => ("text" in part ? words.encode(part.text) : [part]));
  const places = units.flatMap((unit, at) => (typeof unit === "number" ? [] : [at]));
  if (places.length === 0) throw new BadSample(name, "it has no images");
  if (places.length === units.length) throw new BadSample(name, "it has no text");
  const drawn = random.integer(Math.max(1, units.length - length + 1));
  const hasImage = places.some((at) => at >= drawn && at < drawn + length);
  const nearest = places.find((at) => at >= drawn) ?? places.at(-1)!;
  const start = hasImage ? drawn : Math.max(0, nearest - random.integer(Math.ceil(length / 2)));
  const run = units.slice(start, start + length);
  const taken = new Set(run.filter((unit) => typeof unit !== "number").slice(0, media));
  const skipped: SkippedSample[] = [];
  const shown = await Promise.all(
    run.map(async (unit) => {
      if (typeof unit === "number") return unit;
      if (!taken.has(unit)) return undefined;
      return decoded(unit.file, imageSize).catch(({ message }: Error) => {
        skipped.push({ name: `${unit.image} of ${name}`, reason: message });
        return undefined;
      });
    }),
  );
  const kept = shown.filter((unit) => unit !== undefined);
  skipped.sort((a, b) => (a.name < b.name ? -1 : 1)); // images are decoded in no certain order
  if (kept.every((unit) => typeof unit === "number"))
    throw new BadSample(name, `none of its images can be used (${skipped[0]!.name}: ${skipped[0]!.reason})`);
  return { units: kept, skipped };
}

async function decoded(file: string | undefined, size: number): Promise<Pixels> {
  if (file === undefined) throw new Error("it is no path inside the folder of images");
  if (!existsSync(file)) throw new Error("its image is not there");
  try {
    return await decodeImage(file, size);
  } catch (error) {
    throw new Error(`its image cannot be decoded (${(error as Error).message.split("\n")[0]})`);
  }
}

/** The tokens of an excerpt, at most so many, and the images that they have. */
function laidOut(
  units: Excerpt["units"],
  length: number,
  { special }: TextTokenizer,
): { text: number[]; shown: Pixels[] } {
  const text = [special.bos];
  const shown: Pixels[] = [];
  for (const unit of units) {
    if (typeof unit === "number") text.push(unit);
    else {
      if (shown.length > 0) text.push(special.endOfChunk);
      text.push(special.image);
      shown.push(unit);
    }
  }
  text.push(special.endOfChunk);
  const cut = text.slice(0, length);
  return { text: cut, shown: shown.slice(0, cut.filter((id) => id === special.image).length) };
}
