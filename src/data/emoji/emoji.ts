import { Random } from "../../core/random.ts";
import type { CaptionExample } from "../captionExample.ts";
import type { ImageTextDataset } from "../dataset.ts";
import { toUnit } from "../image.ts";
import type { SourceContext } from "../source.ts";
import { Tokenizer, wordsOf } from "../tokenizer.ts";
import { type Concept, emojiConcepts, heldOutStyle, styles, trainStyles } from "./concepts.ts";
import { type Drawings, loadDrawings } from "./drawings.ts";
import { allWords } from "./sentences.ts";

/** Pictures that are fun to watch, one of each kind of thing. */
export const pinnedLabels = [
  "pizza",
  "rocket",
  "red heart",
  "cat face",
  "banana",
  "grinning face",
  "umbrella",
  "crab",
  "sunflower",
  "guitar",
  "house",
  "snowman",
];
const candidateCount = 20;

/** The emoji: concepts, drawings and words. */
export interface Emoji {
  concepts: Concept[];
  drawings: Drawings;
  tokenizer: Tokenizer;
}

let tokenizer: Tokenizer | undefined;

/** The vocabulary of all emoji's words: the same for every model that is trained on them. */
export function emojiTokenizer(): Tokenizer {
  tokenizer ??= new Tokenizer(allWords(emojiConcepts()).flatMap(wordsOf));
  return tokenizer;
}

/** Opens the drawings at a size, from the cache or by rendering them. */
export async function openEmoji(
  imageSize: number,
  context: Pick<SourceContext, "cache" | "progress" | "warn">,
): Promise<Emoji> {
  const concepts = emojiConcepts();
  const drawings = await loadDrawings(concepts, {
    size: imageSize,
    cache: context.cache,
    progress: (done, total) => context.progress("rendering drawings", done, total),
    warn: context.warn,
  });
  return { concepts, drawings, tokenizer: emojiTokenizer() };
}

/** A drawing that may be trained on. */
export interface TrainingDrawing {
  concept: number;
  pixels: Uint8Array;
}

/** Drawings in the training styles of all concepts that are not held out. */
export function trainingDrawings({ concepts, drawings }: Emoji): TrainingDrawing[] {
  return concepts.flatMap(({ heldOut }, concept) =>
    heldOut
      ? []
      : trainStyles.flatMap((style) =>
          drawings[style][concept] ? [{ concept, pixels: drawings[style][concept] }] : [],
        ),
  );
}

/** What looking and judging need: a style that no training saw, and concepts that no training picture showed. */
export function emojiDataset(emoji: Emoji, imageSize: number): ImageTextDataset {
  const { concepts, drawings, tokenizer } = emoji;
  const subgroups = new Map(concepts.map(({ label, subgroup }) => [tokenizer.encode(label).join(), subgroup]));
  const known = concepts.flatMap(({ heldOut }, index) => (heldOut ? [] : [index]));
  const unseen = concepts.flatMap(({ heldOut }, index) => (heldOut ? [index] : []));
  const sets: Record<string, { concept: number; pixels: Uint8Array }[]> = {
    unseenStyle: drawn(known, [heldOutStyle], drawings),
    unseenConcepts: drawn(unseen, styles, drawings),
  };
  return {
    tokenizer,
    imageSize,
    pinned: pinnedLabels.flatMap((label) => {
      const pixels =
        drawings[heldOutStyle][concepts.findIndex((concept) => concept.label === label && !concept.heldOut)];
      return pixels ? [{ label, pixels: toUnit(pixels) }] : [];
    }),
    evaluationSets: [
      { name: "unseenStyle", title: "Unseen style, known concepts" },
      { name: "unseenConcepts", title: "Unseen concepts" },
    ],
    subgroupOf: (caption) => subgroups.get(caption.join()),
    examplesOf: (set, most) => {
      const random = new Random(2204).fork(set);
      const pool = set === "unseenStyle" ? known : unseen;
      const chosen = random.shuffle([...sets[set]!]).slice(0, most);
      return chosen.map((each) => example(each, pool, concepts, tokenizer, random));
    },
  };
}

function drawn(indices: readonly number[], of: readonly (keyof Drawings)[], drawings: Drawings) {
  return of.flatMap((style) =>
    indices.flatMap((concept) => (drawings[style][concept] ? [{ concept, pixels: drawings[style][concept] }] : [])),
  );
}

function example(
  drawing: TrainingDrawing,
  pool: readonly number[],
  concepts: readonly Concept[],
  words: Tokenizer,
  random: Random,
): CaptionExample {
  const right = concepts[drawing.concept]!;
  const others = random.shuffle(pool.filter((index) => index !== drawing.concept)).slice(0, candidateCount - 1);
  const answer = random.integer(candidateCount);
  const candidates = others.map((index) => words.encode(concepts[index]!.label));
  candidates.splice(answer, 0, words.encode(right.label));
  return {
    pixels: toUnit(drawing.pixels),
    label: words.encode(right.label),
    subgroup: right.subgroup,
    candidates,
    answer,
  };
}
