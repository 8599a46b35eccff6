import { z } from "zod";
import { Random } from "../../core/random.ts";
import { shapePairFields, shapePairOutputs, shapePairs } from "../namedShapes/pairs.ts";
import { drawScene } from "../namedShapes/scene.ts";
import { namedShapesTokenizer, plainName, seenCombinations } from "../namedShapes/words.ts";
import { defineSource } from "../source.ts";

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
  config: z.strictObject(shapePairFields),
  example: { batch: 4 },
  outputs: shapePairOutputs(2),
  read: async () => ({ data: {} }),
  batch({ config, seed }, index) {
    const random = new Random(seed).fork("pairs").fork(index);
    return shapePairs(config, namedShapesTokenizer(), (pixels, offset) => {
      const combination = random.pick(seenCombinations);
      drawScene(pixels, offset, config.imageSize, combination, random);
      return plainName(combination);
    });
  },
});
