import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { imageSizeField } from "../imageSize.ts";
import { toUnit } from "../pixels.ts";
import type { Batch } from "../source.ts";
import type { TextTokenizer } from "../tokenizer.ts";

/** The configuration of a source that gives pairs of a rendered shape and words. */
export const shapePairFields = {
  batch: count("Batch", "Pairs at once.", "pairs").default(128),
  imageSize: imageSizeField,
};

/** Its outputs. @param words how many words are said of each image */
export function shapePairOutputs(words: number) {
  return {
    images: float32("batch 1 1 imageSize imageSize 3", "rendered shapes, from -1 to 1"),
    words: int32(`batch ${words}`, "ids of the words for what each image shows"),
    concept: int32("batch", "a number for each text: the same for the same words"),
  };
}

/**
 * A batch of pairs: `images` [batch, 1, 1, imageSize, imageSize, 3] in −1 to 1, `words` [batch, words], `concept` [batch].
 * @param draw draws an image [imageSize, imageSize, 3] in 0 to 255 at an offset of the pixels, and returns what it shows in words
 */
export function shapePairs(
  { batch, imageSize }: { batch: number; imageSize: number },
  tokenizer: Pick<TextTokenizer, "encode">,
  draw: (pixels: Uint8Array, offset: number) => string,
): Batch {
  const pixels = new Uint8Array(batch * imageSize * imageSize * 3);
  const texts = Array.from({ length: batch }, (_, row) => draw(pixels, row * imageSize * imageSize * 3));
  const distinct = [...new Set(texts)];
  const words = texts.flatMap((text) => [...tokenizer.encode(text)]);
  return {
    images: { shape: [batch, 1, 1, imageSize, imageSize, 3], data: toUnit(pixels) },
    words: { shape: [batch, words.length / batch], data: Int32Array.from(words) },
    concept: { shape: [batch], data: Int32Array.from(texts, (text) => distinct.indexOf(text)) },
  };
}
