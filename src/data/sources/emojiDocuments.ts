import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { augmentInto, mirrorsWell } from "../augment.ts";
import { captionDocuments } from "../documents.ts";
import { heldOutEmoji, openEmoji, type TrainingDrawing, trainingDrawings } from "../emoji/emoji.ts";
import { imageSizeField } from "../imageSize.ts";
import { defineSource } from "../source.ts";
import { findShippedTokenizer, openTokenizer, tokenizerField, tokenizerOf } from "../tokenizers.ts";

/**
 * Gives documents in which drawings of emoji and their names take turns.
 *
 * `<bos><image> words <|endofchunk|><image> words <|endofchunk|> ...`: `media` drawings of random concepts in one of three
 * styles, each a little changed. Shapes: `images` [batch, media, 1, imageSize, imageSize, 3] in −1 to 1, `ids` and
 * `targets` [batch, length], as long as the longest document of the batch.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.4 (interleaved images and text), arXiv:2204.14198
 */
export const EmojiDocuments = defineSource({
  name: "EmojiDocuments",
  title: "Emoji documents",
  category: "Data",
  summary: "Gives documents in which drawings of emoji and their names take turns.",
  paper: "2.4",
  config: z.strictObject({
    batch: count("Batch", "Documents at once.", "documents").default(24),
    media: count("Images", "Drawings in each document.", "images").default(2),
    imageSize: imageSizeField,
    outlines: z.number().min(0).max(1).default(0.1).meta({
      title: "Outlines",
      description: "Share of drawings that get black outlines and a lighter fill, as another style would draw them.",
    }),
    repeats: z.number().min(0).max(1).default(0).meta({
      title: "Repeats",
      description:
        "Share of drawings that show the concept of an earlier one of the document in another style: what teaches to learn from examples.",
    }),
    tokenizer: tokenizerField,
  }),
  example: { batch: 2, media: 2 },
  outputs: {
    images: float32("batch media 1 imageSize imageSize 3", "drawings, from -1 to 1"),
    ids: int32("batch length", "token ids, with <image> for each drawing"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  tokenizer: tokenizerOf,
  async read({ imageSize, tokenizer }, context) {
    const emoji = await openEmoji(imageSize, context);
    const origin = (context.findTokenizer ?? findShippedTokenizer)(tokenizer);
    const captions = openTokenizer(origin);
    const labels = emoji.concepts.map(({ label }) => ({
      words: captions.encode(label),
      mirror: mirrorsWell(label),
    }));
    return {
      ...heldOutEmoji(emoji, imageSize),
      data: { drawings: trainingDrawings(emoji), labels, tokenizer: origin },
    };
  },
  batch(
    { config: { batch, media, imageSize, outlines, repeats }, data: { drawings, labels, tokenizer }, seed },
    index,
  ) {
    const random = new Random(seed).fork("documents").fork(index);
    const each = imageSize * imageSize * 3;
    const images = new Float32Array(batch * media * each);
    const rows = Array.from({ length: batch }, (_, row) => {
      const shown: TrainingDrawing[] = [];
      return Array.from({ length: media }, (_, place) => {
        const again = repeats > 0 && place > 0 && random.uniform() < repeats;
        const drawing = random.pick(again ? otherDrawings(random.pick(shown), drawings) : drawings);
        shown.push(drawing);
        const { words, mirror } = labels[drawing.concept]!;
        augmentInto(images, (row * media + place) * each, drawing.pixels, imageSize, random, { mirror, outlines });
        return words;
      });
    });
    const { length, ids, targets } = captionDocuments(rows, media, openTokenizer(tokenizer).special);
    return {
      images: { shape: [batch, media, 1, imageSize, imageSize, 3], data: images },
      ids: { shape: [batch, length], data: ids },
      targets: { shape: [batch, length], data: targets },
    };
  },
});

/** The drawings of the same concept in other styles; the drawing itself if there is none. */
function otherDrawings(drawing: TrainingDrawing, all: readonly TrainingDrawing[]): readonly TrainingDrawing[] {
  const others = all.filter((each) => each.concept === drawing.concept && each !== drawing);
  return others.length > 0 ? others : [drawing];
}
