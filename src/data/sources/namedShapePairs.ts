import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { drawScene } from "../namedShapes/scene.ts";
import { namedShapesTokenizer, plainName, seenCombinations } from "../namedShapes/words.ts";
import { toUnit } from "../pixels.ts";
import { defineSource } from "../source.ts";
import { imageSizeField } from "./emojiDocuments.ts";

/**
 * Gives pairs of a rendered shape and the words for its colour and its shape, to learn to see by contrast.
 *
 * Each image is rendered anew; 8 of the 64 combinations are never shown. Shapes: `images` [batch, 1, 1, imageSize, imageSize, 3] in −1 to
 * 1, `words` [batch, 2], `concept` [batch].
 *
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020
 */
export const NamedShapePairs = defineSource({
  name: "NamedShapePairs",
  title: "Named shapes: pairs",
  category: "Data",
  summary: "Gives pairs of a rendered shape and the words for its colour and its shape, to learn to see by contrast.",
  paper: "Appendix B.1.3",
  config: z.strictObject({
    batch: count("Batch", "Pairs at once.", "pairs").default(128),
    imageSize: imageSizeField,
  }),
  example: { batch: 4 },
  outputs: {
    images: float32("batch 1 1 imageSize imageSize 3", "rendered shapes, from -1 to 1"),
    words: int32("batch 2", "ids of the words for colour and shape"),
    concept: int32("batch", "which combination of colour and shape each image shows"),
  },
  read: async () => ({ data: {} }),
  batch({ config: { batch, imageSize }, seed }, index) {
    const random = new Random(seed).fork("pairs").fork(index);
    const pixels = new Uint8Array(batch * imageSize * imageSize * 3);
    const concepts = Int32Array.from({ length: batch }, (_, row) => {
      const combination = random.pick(seenCombinations);
      drawScene(pixels, row * imageSize * imageSize * 3, imageSize, combination, random);
      return combination;
    });
    const words = [...concepts].flatMap((combination) => namedShapesTokenizer().encode(plainName(combination)));
    return {
      images: { shape: [batch, 1, 1, imageSize, imageSize, 3], data: toUnit(pixels) },
      words: { shape: [batch, 2], data: Int32Array.from(words) },
      concept: { shape: [batch], data: concepts },
    };
  },
});
