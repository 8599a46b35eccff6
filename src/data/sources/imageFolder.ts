import { resolve } from "node:path";
import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { FlamingoError } from "../../core/errors.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { mirrorsWell } from "../augment.ts";
import { captionDocuments } from "../documents.ts";
import { heldOutImages } from "../imageFolder/heldOutImages.ts";
import { type CaptionedImage, listImageFolder, readImageFolder } from "../imageFolder/imageFolder.ts";
import { type Split, splitByName } from "../imageFolder/split.ts";
import { imageSizeField } from "../imageSize.ts";
import { mirrored, toUnit } from "../pixels.ts";
import { defineSource, type SourceContext } from "../source.ts";
import { type TextTokenizer, wordsOf } from "../tokenizer.ts";
import { findShippedTokenizer, openTokenizer, tokenizerField, tokenizerOf } from "../tokenizers.ts";

/** Unknown words that a message spells out. */
const mostNamed = 12;

/**
 * Gives a folder of your own images with their captions.
 *
 * The folder holds images and `captions.jsonl` (`{"file": ..., "caption": ...}` a line) or `captions.csv` (columns `file`
 * and `caption`), or Hugging Face's `metadata.jsonl`; an image may have several captions. Each image is brought into a square with its mean colour around; a
 * share is held out for looking and judging. The tokenizer `bytes` can say any caption in any script; of `words`, those that
 * it lacks are warned about, and read as unknown. Shapes: `images` [batch, media, 1, imageSize, imageSize, 3] in −1 to 1, `ids` and
 * `targets` [batch, length], as long as the longest document of the batch.
 *
 * @throws FlamingoError NO_IMAGES, MISSING_COLUMN, NOT_FOUND or INVALID_DATA for a folder that cannot be used
 * @see Alayrac et al. 2022, Flamingo, section 2.4 and appendix A.3 (padding with the mean), arXiv:2204.14198
 */
export const ImageFolder = defineSource({
  name: "ImageFolder",
  title: "Image folder",
  category: "Data",
  summary: "Gives a folder of your own images with their captions.",
  paper: "2.4",
  config: z.strictObject({
    folder: z
      .string()
      .min(1)
      .meta({ title: "Folder", description: "Path of a folder with images and captions.jsonl or captions.csv." }),
    batch: count("Batch", "Documents at once.", "documents").default(24),
    media: count("Images", "Images in each document.", "images").default(2),
    imageSize: imageSizeField,
    longest: count("Longest caption", "Tokens at which a caption is cut off.", "tokens").default(64),
    heldOut: z.number().min(0).max(0.9).default(0.1).meta({
      title: "Held out",
      description: "Share of the images that are not trained on, but looked at and judged.",
    }),
    mirror: z.boolean().default(true).meta({
      title: "Mirror",
      description: "Shows half of the images mirrored, but none whose caption says left, right, waxing or waning.",
    }),
    tokenizer: tokenizerField,
  }),
  example: { folder: "images", batch: 2 },
  outputs: {
    images: float32("batch media 1 imageSize imageSize 3", "images, from -1 to 1"),
    ids: int32("batch length", "token ids, with <image> for each image"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  tokenizer: tokenizerOf,
  async findings({ folder, longest, heldOut, tokenizer }, find) {
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const { images, captions } = await listImageFolder(resolve(folder), { warn });
    const all = [...captions.values()].flat();
    const words = tokenizerOf({ tokenizer }, find);
    warnUnknown(all, words, { warn });
    warnLong(all, words, longest, { warn });
    const split = splitByName(
      [...captions.keys()].map((file) => ({ file })),
      heldOut,
    );
    warnFew(split, { warn });
    const [trained, held] = [split.train.length, split.heldOut.length];
    const facts = [`${images.length} images, ${all.length} captions`, `${trained} to train on, ${held} held out`];
    return { facts, warnings };
  },
  async read({ folder, imageSize, longest, heldOut, tokenizer }, context) {
    const images = await readImageFolder(resolve(folder), {
      size: imageSize,
      progress: (done, total) => context.progress("reading images", done, total),
      warn: context.warn,
    });
    const origin = (context.findTokenizer ?? findShippedTokenizer)(tokenizer);
    const words = openTokenizer(origin);
    const captions = images.flatMap((image) => image.captions);
    const split = splitByName(images, heldOut);
    warnFew(split, context);
    warnUnknown(captions, words, context);
    warnLong(captions, words, longest, context);
    return {
      ...heldOutImages(split, { imageSize, tokenizer: words, longest }),
      data: { images: split.train.map((image, place) => ({ ...image, place })), tokenizer: origin },
    };
  },
  batch({ config: { batch, media, imageSize, longest, mirror }, data: { images, tokenizer }, seed }, index) {
    const random = new Random(seed).fork("images").fork(index);
    const words = openTokenizer(tokenizer);
    const each = imageSize * imageSize * 3;
    const pixels = new Float32Array(batch * media * each);
    const names: number[] = [];
    const rows = Array.from({ length: batch }, (_, row) =>
      Array.from({ length: media }, (_, place) => {
        const { caption, view, name } = viewOf(random.pick(images), imageSize, mirror, random);
        pixels.set(view, (row * media + place) * each);
        names.push(name);
        return words.encode(caption).slice(0, longest);
      }),
    );
    const { length, ids, targets } = captionDocuments(rows, media, words.special);
    return {
      images: {
        shape: [batch, media, 1, imageSize, imageSize, 3],
        data: pixels,
        names: { each: names, of: 2 * images.length },
      },
      ids: { shape: [batch, length], data: ids },
      targets: { shape: [batch, length], data: targets },
    };
  },
});

/** One of an image's captions, and the image or its mirror image, each by a name of its own. */
function viewOf(image: CaptionedImage & { place: number }, size: number, mirror: boolean, random: Random) {
  const { pixels, captions, place } = image;
  const caption = random.pick(captions);
  const flip = random.uniform() < 0.5 && mirror && mirrorsWell(caption);
  return { caption, view: toUnit(flip ? mirrored(pixels, size) : pixels), name: 2 * place + Number(flip) };
}

/**
 * Tells which words the language model does not know.
 * @throws FlamingoError INVALID_DATA if it knows none of them
 */
function warnUnknown(
  captions: readonly string[],
  tokenizer: TextTokenizer,
  { warn }: Pick<SourceContext, "warn">,
): void {
  const words = new Set(captions.flatMap(wordsOf));
  const unknown = [...new Set(captions.flatMap((caption) => tokenizer.unknown(caption)))];
  if (unknown.length === 0) return;
  const more = unknown.length > mostNamed ? `, and ${unknown.length - mostNamed} more` : "";
  const named = unknown.slice(0, mostNamed).join(", ") + more;
  const message = `${unknown.length} of ${words.size} words are not in the language model's vocabulary: ${named}`;
  if (unknown.length === words.size)
    throw new FlamingoError("INVALID_DATA", message, { fix: "caption the images with everyday English words" });
  warn(message);
}

/** From so many on, the 95% interval of a share is at most 40 points wide. */
const fewHeldOut = 20;

/** Warns where so few images are held out that a metric of them says nothing. */
function warnFew({ train, heldOut }: Split<unknown>, { warn }: Pick<SourceContext, "warn">): void {
  const count = heldOut.length;
  if (count === 0 || count >= fewHeldOut) return;
  const z = 1.96;
  const width = (100 * z * Math.sqrt(1 / (4 * count) + (z * z) / (4 * count * count))) / (1 + (z * z) / count);
  warn(
    `${count} of ${count + train.length} images are held out: a share of so few has a 95% interval of up to ${Math.round(2 * width)} points, too wide to say anything; hold out ${fewHeldOut} or more`,
  );
}

function warnLong(
  captions: readonly string[],
  tokenizer: TextTokenizer,
  longest: number,
  { warn }: Pick<SourceContext, "warn">,
): void {
  const long = captions.filter((caption) => tokenizer.encode(caption).length > longest).length;
  if (long > 0) warn(`${long} of ${captions.length} captions are longer than ${longest} tokens and are cut off`);
}
