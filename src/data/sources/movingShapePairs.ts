import { z } from "zod";
import { Random } from "../../core/random.ts";
import { frameTokenizer, frameWords, radii } from "../movingShapes/frameWords.ts";
import { shapePairFields, shapePairOutputs, shapePairs } from "../namedShapes/pairs.ts";
import { drawLook, drawTilt, paintShape } from "../namedShapes/scene.ts";
import { seenCombinations } from "../namedShapes/words.ts";
import { defineSource } from "../source.ts";

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
  config: z.strictObject(shapePairFields),
  example: { batch: 4 },
  outputs: shapePairOutputs(5),
  read: async () => ({ data: {} }),
  batch({ config, seed }, index) {
    const random = new Random(seed).fork("pairs").fork(index);
    const { imageSize: size } = config;
    return shapePairs(config, frameTokenizer(), (pixels, offset) => {
      const combination = random.pick(seenCombinations);
      const look = drawLook(combination, random);
      const radius = size * (radii.smallest + (radii.largest - radii.smallest) * random.uniform());
      const [x, y] = [0, 0].map(() => radius + (size - 2 * radius) * random.uniform()) as [number, number];
      const pose = { radius, x, y, tilt: drawTilt(random) };
      paintShape(pixels, offset, size, look, pose, random);
      return frameWords(combination, pose, size);
    });
  },
});
