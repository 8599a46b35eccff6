import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { frameTokenizer, frameWords, radii } from "../movingShapes/frameWords.ts";
import { drawLook, drawTilt, paintShape } from "../namedShapes/scene.ts";
import { seenCombinations } from "../namedShapes/words.ts";
import { toUnit } from "../pixels.ts";
import { defineSource } from "../source.ts";
import { imageSizeField } from "./emojiDocuments.ts";

/** Words that are said of each frame: colour, shape, two for the place, one for the size. */
const wordsOfFrame = 5;

/**
 * Gives pairs of a rendered shape and the words for its colour, shape, place and size, to learn by contrast to see where things are.
 *
 * `red square left top large`. Each image is rendered anew; 8 of the 64 combinations of colour and shape are never shown. Shapes: `images`
 * [batch, 1, 1, imageSize, imageSize, 3] in −1 to 1, `words` [batch, 5], `concept` [batch].
 *
 * @see Radford et al. 2021, CLIP, arXiv:2103.00020
 */
export const MovingShapePairs = defineSource({
  name: "MovingShapePairs",
  title: "Moving shapes: pairs",
  category: "Data",
  summary:
    "Gives pairs of a rendered shape and the words for its colour, shape, place and size, to learn by contrast to see where things are.",
  paper: "Appendix B.1.3",
  config: z.strictObject({
    batch: count("Batch", "Pairs at once.", "pairs").default(128),
    imageSize: imageSizeField,
  }),
  example: { batch: 4 },
  outputs: {
    images: float32("batch 1 1 imageSize imageSize 3", "rendered shapes, from -1 to 1"),
    words: int32("batch 5", "ids of the words for colour, shape, place and size"),
    concept: int32("batch", "a number for each text: the same for the same words"),
  },
  read: async () => ({ data: {} }),
  batch({ config: { batch, imageSize: size }, seed }, index) {
    const random = new Random(seed).fork("pairs").fork(index);
    const pixels = new Uint8Array(batch * size * size * 3);
    const texts = Array.from({ length: batch }, (_, row) => {
      const combination = random.pick(seenCombinations);
      const look = drawLook(combination, random);
      const radius = size * (radii.smallest + (radii.largest - radii.smallest) * random.uniform());
      const [x, y] = [0, 0].map(() => radius + (size - 2 * radius) * random.uniform()) as [number, number];
      const pose = { radius, x, y, tilt: drawTilt(random) };
      paintShape(pixels, row * size * size * 3, size, look, pose, random);
      return frameWords(combination, pose, size);
    });
    const concepts = new Map<string, number>();
    for (const text of texts) if (!concepts.has(text)) concepts.set(text, concepts.size);
    const words = texts.flatMap((text) => frameTokenizer().encode(text));
    return {
      images: { shape: [batch, 1, 1, size, size, 3], data: toUnit(pixels) },
      words: { shape: [batch, wordsOfFrame], data: Int32Array.from(words) },
      concept: { shape: [batch], data: Int32Array.from(texts, (text) => concepts.get(text)!) },
    };
  },
});
