import { Random } from "../../core/random.ts";
import type { EvaluationSet, Example } from "../evaluationSet.ts";
import { Image } from "../image.ts";
import type { Media } from "../media.ts";
import { type Pixels, toUnit } from "../pixels.ts";
import type { OpenSource } from "../source.ts";
import type { TextTokenizer } from "../tokenizer.ts";
import type { CaptionedImage } from "./imageFolder.ts";
import type { Split } from "./split.ts";

const candidateCount = 20;
const sampleCount = 12;

export interface HeldOutOptions {
  imageSize: number;
  /** Frames of each image; 1 for images that are no videos. */
  frames?: number;
  tokenizer: TextTokenizer;
  /** Tokens at which a caption is cut off. */
  longest: number;
}

/** What is held out of captioned images; the images that were trained on are an evaluation set too, for comparison. */
export function heldOutImages(
  split: Split<CaptionedImage>,
  { imageSize, frames = 1, tokenizer, longest }: HeldOutOptions,
): Pick<OpenSource, "samples" | "evaluationSets"> {
  const idsOf = (caption: string) => tokenizer.encode(caption).slice(0, longest).join();
  const labelOf = ({ captions: [first] }: CaptionedImage) => tokenizer.truncate(first!, longest);
  const labels = new Map([...split.train, ...split.heldOut].map((image) => [idsOf(labelOf(image)), labelOf(image)]));
  const mediaOf = (pixels: Pixels, label: string): Media =>
    frames === 1 ? new Image(toUnit(pixels), imageSize, label) : { pixels: toUnit(pixels), frames, size: imageSize };
  /** An image with its captions and, to choose from, labels of other images that say something else. */
  const exampleOf = (image: CaptionedImage, random: Random): Example => {
    const [label, ...more] = [labelOf(image), ...image.captions.slice(1)] as [string, ...string[]];
    const others = random.shuffle([...labels].filter(([ids]) => ids !== idsOf(label)));
    const candidates = others.slice(0, candidateCount - 1).map(([, other]) => other);
    const right = random.integer(candidates.length + 1);
    candidates.splice(right, 0, label);
    return {
      media: [mediaOf(image.pixels, label)],
      captions: [label, ...more],
      candidates,
      right,
    };
  };
  const setOf = (name: string, title: string, images: readonly CaptionedImage[]): EvaluationSet => ({
    name,
    title,
    examples: (most) => {
      const random = new Random(2204).fork(name);
      const chosen = random.shuffle(images).slice(0, most);
      return chosen.map((image) => exampleOf(image, random));
    },
  });
  const shown = split.heldOut.length > 0 ? split.heldOut : split.train;
  return {
    samples: shown.slice(0, sampleCount).map(({ captions, pixels }) => ({
      media: [mediaOf(pixels, captions[0]!)],
      captions,
    })),
    evaluationSets: [
      ...(split.heldOut.length > 0 ? [setOf("heldOut", "Held-out images", split.heldOut)] : []),
      ...(split.train.length > 0 ? [setOf("trained", "Images that were trained on", split.train)] : []),
    ],
  };
}
