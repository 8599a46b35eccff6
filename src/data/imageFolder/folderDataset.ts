import { Random } from "../../core/random.ts";
import type { CaptionExample } from "../captionExample.ts";
import type { ImageTextDataset } from "../dataset.ts";
import { toUnit } from "../image.ts";
import type { Tokenizer } from "../tokenizer.ts";
import type { CaptionedImage } from "./imageFolder.ts";
import type { Split } from "./split.ts";

const candidateCount = 20;
const pinnedCount = 12;

/** What looking and judging need of a folder of images: those that are held out, and for comparison those trained on. */
export function folderDataset(
  split: Split<CaptionedImage>,
  tokenizer: Tokenizer,
  imageSize: number,
  encode: (caption: string) => readonly number[],
): ImageTextDataset {
  const all = [...split.train, ...split.heldOut];
  const captions = [...new Map(all.map(({ captions: [first] }) => [encode(first!).join(), encode(first!)])).values()];
  const sets: Record<string, readonly CaptionedImage[]> = { heldOut: split.heldOut, trained: split.train };
  const shown = split.heldOut.length > 0 ? split.heldOut : split.train;
  return {
    tokenizer,
    imageSize,
    pinned: shown
      .slice(0, pinnedCount)
      .map(({ captions: [label], pixels }) => ({ label: label!, pixels: toUnit(pixels) })),
    evaluationSets: [
      { name: "heldOut", title: "Held-out images" },
      { name: "trained", title: "Images that were trained on" },
    ].filter(({ name }) => sets[name]!.length > 0),
    subgroupOf: () => undefined,
    examplesOf: (set, most) => {
      const random = new Random(2204).fork(set);
      const chosen = random.shuffle(sets[set] ?? []).slice(0, most);
      return chosen.map((image) => exampleOf(image, captions, encode, random));
    },
  };
}

/** An image with its first caption and, to choose from, captions of other images that say something else. */
function exampleOf(
  { pixels, captions: [first] }: CaptionedImage,
  captions: readonly (readonly number[])[],
  encode: (caption: string) => readonly number[],
  random: Random,
): CaptionExample {
  const label = encode(first!);
  const others = random.shuffle(captions.filter((each) => each.join() !== label.join()));
  const candidates = others.slice(0, candidateCount - 1);
  const answer = random.integer(candidates.length + 1);
  candidates.splice(answer, 0, label);
  return { pixels: toUnit(pixels), label, candidates, answer };
}
