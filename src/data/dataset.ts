import type { CaptionExample } from "./captionExample.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** A held-out picture that is looked at again and again while a model is trained. */
export interface PinnedPicture {
  /** [imageSize, imageSize, 3] in −1 to 1. */
  pixels: Float32Array;
  label: string;
}

/** Pictures with words, as looking, judging and captioning need them. */
export interface ImageTextDataset {
  tokenizer: Tokenizer;
  /** Side of the square pictures, in pixels. */
  imageSize: number;
  pinned: readonly PinnedPicture[];
  evaluationSets: readonly { name: string; title: string }[];
  /** Examples of an evaluation set, at most so many, always the same. */
  examplesOf(set: string, most: number): CaptionExample[];
  /** The subgroup of a caption that is a known label. */
  subgroupOf(caption: readonly number[]): string | undefined;
}
