import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { augmentInto, mirrorsWell } from "../augment.ts";
import { openEmoji, trainingDrawings } from "../emoji/emoji.ts";
import { imageSizeField } from "../imageSize.ts";
import { defineSource } from "../source.ts";
import { tokenizerField, tokenizerOf } from "../tokenizers.ts";

/** Tokens kept of a concept's label, tags and subgroup. */
const mostWords = 24;

/**
 * Gives pairs of a drawing and the words that belong to it, to learn to see by contrast.
 *
 * The words are those of the label (twice), the tags and the subgroup, in no order. Shapes: `images` [batch, 1, 1, imageSize,
 * imageSize, 3] in −1 to 1, `words` [batch, 24] padded with 0, `concept` [batch].
 *
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020
 */
export const EmojiPairs = defineSource({
  name: "EmojiPairs",
  title: "Emoji pairs",
  category: "Data",
  summary: "Gives pairs of a drawing and the words that belong to it, to learn to see by contrast.",
  paper: "Appendix B.1.3",
  config: z.strictObject({
    batch: count("Batch", "Pairs at once.", "pairs").default(256),
    imageSize: imageSizeField,
    outlines: z.number().min(0).max(1).default(0.1).meta({
      title: "Outlines",
      description: "Share of drawings that get black outlines and a lighter fill, as another style would draw them.",
    }),
    tokenizer: tokenizerField,
  }),
  example: { batch: 4 },
  outputs: {
    images: float32("batch 1 1 imageSize imageSize 3", "drawings, from -1 to 1"),
    words: int32(`batch ${mostWords}`, "ids of the words that belong to each, 0 where there are fewer"),
    concept: int32("batch", "which concept each drawing shows"),
  },
  async read({ imageSize, tokenizer }, context) {
    const emoji = await openEmoji(imageSize, context);
    const texts = tokenizerOf({ tokenizer }, context.findTokenizer);
    const bags = emoji.concepts.map(({ label, tags, subgroup }) => {
      const [name, others] = [texts.encode(label), [...tags, subgroup].flatMap((text) => texts.encode(text))];
      // Twice the name: captions are names, and tags only say what else it is about.
      return [...name, ...name, ...new Set(others)].slice(0, mostWords);
    });
    const mirrors = emoji.concepts.map(({ label }) => mirrorsWell(label));
    return { data: { drawings: trainingDrawings(emoji), bags, mirrors } };
  },
  batch({ config: { batch, imageSize, outlines }, data: { drawings, bags, mirrors }, seed }, index) {
    const random = new Random(seed).fork("pairs").fork(index);
    const each = imageSize * imageSize * 3;
    const images = new Float32Array(batch * each);
    const words = new Int32Array(batch * mostWords);
    const concepts = new Int32Array(batch);
    for (let row = 0; row < batch; row++) {
      const { concept, pixels } = random.pick(drawings);
      augmentInto(images, row * each, pixels, imageSize, random, { mirror: mirrors[concept]!, outlines });
      words.set(bags[concept]!, row * mostWords);
      concepts[row] = concept;
    }
    return {
      images: { shape: [batch, 1, 1, imageSize, imageSize, 3], data: images },
      words: { shape: [batch, mostWords], data: words },
      concept: { shape: [batch], data: concepts },
    };
  },
});
