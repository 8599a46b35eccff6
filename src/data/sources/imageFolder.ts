import { z } from "zod";
import { count } from "../../core/block.ts";
import { FlamingoError } from "../../core/errors.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { augmentInto } from "../augment.ts";
import type { CaptionExample } from "../captionExample.ts";
import type { ImageTextDataset } from "../dataset.ts";
import { captionDocuments } from "../documents.ts";
import { emojiTokenizer } from "../emoji/emoji.ts";
import { toUnit } from "../image.ts";
import { type CaptionedPicture, readPictureFolder } from "../pictureFolder.ts";
import { defineSource, type SourceContext } from "../source.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { imageSizeField } from "./emojiDocuments.ts";

const candidateCount = 20;
const pinnedCount = 12;

/**
 * Gives a folder of your own images with their captions.
 *
 * The folder holds images and `captions.jsonl` (`{"file": ..., "caption": ...}` a line) or `captions.csv` (columns `file`
 * and `caption`). Each is brought into a square with its mean colour around; a share is held out for looking and judging.
 * Words are those of the language model that comes with the studio; others are told, and read as unknown. Shapes: `images`
 * [batch, media, 1, imageSize, imageSize, 3] in −1 to 1, `ids` and `targets` [batch, length].
 *
 * @throws FlamingoError NO_IMAGES, MISSING_COLUMN, NOT_FOUND or INVALID_DATA for a folder that cannot be used
 * @see Alayrac et al. 2022, Flamingo, appendix A.3 (padding with the mean), arXiv:2204.14198
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
    heldOut: z.number().min(0).max(0.9).default(0.1).meta({
      title: "Held out",
      description: "Share of the images that are not trained on, but looked at and judged.",
    }),
  }),
  example: { folder: "pictures", batch: 2 },
  outputs: {
    images: float32("batch media 1 imageSize imageSize 3", "images, from -1 to 1"),
    ids: int32("batch length", "token ids, with a tag for each image"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  async open({ folder, batch, media, imageSize, heldOut }, context) {
    const pictures = await readPictureFolder(folder, imageSize, {
      warn: context.warn,
      progress: (done, total) => context.progress("reading images", done, total),
    });
    const words = emojiTokenizer();
    tellUnknown(pictures, words, context);
    // The split depends on nothing but the file names, so that a resumed or repeated run holds out the same images.
    const order = new Random(2204)
      .fork("held-out images")
      .shuffle(pictures.toSorted((a, b) => (a.file < b.file ? -1 : 1)));
    const cut = Math.round(order.length * heldOut);
    const [kept, seen] = [order.slice(0, cut), order.slice(cut)];
    if (seen.length === 0) {
      throw new FlamingoError(
        "INVALID_DATA",
        `${folder} has ${order.length} usable images, and all of them are held out`,
        {
          source: folder,
          fix: "add images, or hold out a smaller share",
        },
      );
    }
    const each = imageSize * imageSize * 3;
    return {
      dataset: folderDataset(kept.length > 0 ? kept : seen, imageSize, words),
      batch(index) {
        const random = new Random(context.seed).fork("documents").fork(index);
        const images = new Float32Array(batch * media * each);
        const rows = Array.from({ length: batch }, (_, row) =>
          Array.from({ length: media }, (_, place) => {
            const { pixels, caption } = random.pick(seen);
            const mirror = !/\b(left|right)\b/.test(caption);
            augmentInto(images, (row * media + place) * each, pixels, imageSize, random, { mirror, outlines: 0 });
            return words.encode(caption);
          }),
        );
        const { length, ids, targets } = captionDocuments(rows, media, words.special);
        return {
          images: { shape: [batch, media, 1, imageSize, imageSize, 3], data: images },
          ids: { shape: [batch, length], data: ids },
          targets: { shape: [batch, length], data: targets },
        };
      },
    };
  },
});

function folderDataset(
  pictures: readonly CaptionedPicture[],
  imageSize: number,
  tokenizer: Tokenizer,
): ImageTextDataset {
  return {
    tokenizer,
    imageSize,
    pinned: pictures.slice(0, pinnedCount).map(({ pixels, caption }) => ({ pixels: toUnit(pixels), label: caption })),
    evaluationSets: [{ name: "heldOut", title: "Held-out images" }],
    subgroupOf: () => undefined,
    examplesOf: (_set, most) => {
      const random = new Random(2204).fork("candidates");
      return pictures.slice(0, most).map((picture) => example(picture, pictures, tokenizer, random));
    },
  };
}

function example(
  { pixels, caption }: CaptionedPicture,
  pictures: readonly CaptionedPicture[],
  words: Tokenizer,
  random: Random,
): CaptionExample {
  const others = [...new Set(pictures.map((picture) => picture.caption))].filter((other) => other !== caption);
  const candidates = random
    .shuffle(others)
    .slice(0, candidateCount - 1)
    .map((other) => words.encode(other));
  const answer = random.integer(candidates.length + 1);
  candidates.splice(answer, 0, words.encode(caption));
  return { pixels: toUnit(pixels), label: words.encode(caption), candidates, answer };
}

function tellUnknown(pictures: readonly CaptionedPicture[], words: Tokenizer, { warn }: SourceContext): void {
  const all = new Set(pictures.flatMap(({ caption }) => caption.toLowerCase().split(/\s+/)));
  const unknown = [...new Set(pictures.flatMap(({ caption }) => words.unknown(caption)))];
  if (unknown.length === 0) return;
  const named = unknown.slice(0, 8).join(", ") + (unknown.length > 8 ? ", ..." : "");
  warn(`${unknown.length} of ${all.size} words are not in the language model's vocabulary: ${named}`);
}
