import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { captionDocuments } from "../documents.ts";
import { imageSizeField } from "../imageSize.ts";
import { heldOutVideos } from "../movingShapes/heldOutVideos.ts";
import { motions } from "../movingShapes/motions.ts";
import { drawVideo } from "../movingShapes/video.ts";
import { plainName, seenCombinations } from "../namedShapes/words.ts";
import { toUnit } from "../pixels.ts";
import { defineSource } from "../source.ts";
import { byteTokenizer } from "../texts/byteTokenizer.ts";

const sampleCount = 12;

/**
 * Gives videos of rendered shapes, whose captions say how the shapes move.
 *
 * `<bos><image> red square moves left and back <|endofchunk|>`: 12 motions, four of which have the same frames each, so that only
 * their order tells. Shapes: `images` [batch, 1, frames, imageSize, imageSize, 3] in −1 to 1, `ids` and `targets` [batch, length].
 *
 * @see Alayrac et al. 2022, Flamingo, sections 2.1 and 2.4 (8 frames in training, frame embeddings, VTP), arXiv:2204.14198
 */
export const MovingShapes = defineSource({
  name: "MovingShapes",
  title: "Moving shapes",
  category: "Data",
  summary: "Gives videos of rendered shapes, whose captions say how the shapes move.",
  paper: "2.1, 2.4",
  config: z.strictObject({
    batch: count("Batch", "Videos at once.", "videos").default(16),
    frames: count("Frames", "Frames of each video.", "frames").default(8),
    imageSize: imageSizeField,
  }),
  example: { batch: 2, frames: 3 },
  outputs: {
    images: float32("batch 1 frames imageSize imageSize 3", "rendered videos, from -1 to 1"),
    ids: int32("batch length", "token ids, with <image> before each caption"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  tokenizer: byteTokenizer,
  async read({ frames, imageSize }) {
    const evaluationSets = heldOutVideos(frames, imageSize);
    return { data: {}, samples: evaluationSets[0]!.examples(sampleCount), evaluationSets };
  },
  batch({ config: { batch, frames, imageSize }, seed }, index) {
    const random = new Random(seed).fork("videos").fork(index);
    const tokenizer = byteTokenizer();
    const each = frames * imageSize * imageSize * 3;
    const pixels = new Uint8Array(batch * each);
    const rows = Array.from({ length: batch }, (_, row) => {
      const combination = random.pick(seenCombinations);
      const motion = random.pick(motions);
      drawVideo(pixels, row * each, { frames, size: imageSize }, combination, motion, random);
      return [tokenizer.encode(`${plainName(combination)} ${motion.words}`)];
    });
    const { length, ids, targets } = captionDocuments(rows, 1, tokenizer.special);
    return {
      images: { shape: [batch, 1, frames, imageSize, imageSize, 3], data: toUnit(pixels) },
      ids: { shape: [batch, length], data: ids },
      targets: { shape: [batch, length], data: targets },
    };
  },
});
