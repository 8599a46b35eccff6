import { Random } from "../../core/random.ts";
import type { EvaluationSet, Example } from "../evaluationSet.ts";
import { Image } from "../image.ts";
import { toUnit } from "../pixels.ts";
import type { OpenSource, SourceContext } from "../source.ts";
import { Tokenizer, wordsOf } from "../tokenizer.ts";
import { type Concept, emojiConcepts, heldOutStyle, styles, trainStyles } from "./concepts.ts";
import { type Drawings, loadDrawings } from "./drawings.ts";
import { allWords } from "./sentences.ts";

/** Images that are fun to watch, one of each kind of thing. */
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

/** The emoji: concepts and drawings. */
export interface Emoji {
  concepts: Concept[];
  drawings: Drawings;
}

let tokenizer: Tokenizer | undefined;

/** The vocabulary of all emoji's words, and of nothing else: that of the language model `emoji-language`. */
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
  return { concepts, drawings };
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

/** What is held out: a style that no training saw, and concepts that no training image showed. */
export function heldOutEmoji(emoji: Emoji, imageSize: number): Pick<OpenSource, "samples" | "evaluationSets"> {
  const { concepts, drawings } = emoji;
  const groups = new Map(concepts.map(({ label, subgroup }) => [label, subgroup]));
  const known = concepts.flatMap(({ heldOut }, index) => (heldOut ? [] : [index]));
  const unseen = concepts.flatMap(({ heldOut }, index) => (heldOut ? [index] : []));
  const setOf = (name: string, title: string, pool: number[], all: TrainingDrawing[]): EvaluationSet => ({
    name,
    title,
    groups,
    examples: (most) => {
      const random = new Random(2204).fork(name);
      const chosen = random.shuffle([...all]).slice(0, most);
      return chosen.map((each) => exampleOf(each, pool, concepts, imageSize, random));
    },
  });
  const unseenDrawings = drawn(unseen, styles, drawings);
  const unseenConcepts = setOf("unseenConcepts", "Unseen concepts", unseen, unseenDrawings);
  return {
    samples: pinnedLabels.flatMap((label) => {
      const pixels =
        drawings[heldOutStyle][concepts.findIndex((concept) => concept.label === label && !concept.heldOut)];
      return pixels ? [{ media: [new Image(toUnit(pixels), imageSize, label)], captions: [label] }] : [];
    }),
    evaluationSets: [
      setOf("unseenStyle", "Unseen style, known concepts", known, drawn(known, [heldOutStyle], drawings)),
      { ...unseenConcepts, support: supportOf(unseenConcepts, unseenDrawings.length) },
    ],
  };
}

function drawn(indices: readonly number[], of: readonly (keyof Drawings)[], drawings: Drawings) {
  return of.flatMap((style) =>
    indices.flatMap((concept) => (drawings[style][concept] ? [{ concept, pixels: drawings[style][concept] }] : [])),
  );
}

/** The shots of a query come from all other drawings of a set, among which are those of its concept in other styles. */
function supportOf({ examples }: EvaluationSet, count: number) {
  let support: Example[] | undefined;
  return (index: number): readonly Example[] => {
    support ??= examples(count).map(({ media, captions }) => ({ media, captions: captions! }));
    return support.filter((_, at) => at !== index);
  };
}

function exampleOf(
  { concept, pixels }: TrainingDrawing,
  pool: readonly number[],
  concepts: readonly Concept[],
  imageSize: number,
  random: Random,
): Example {
  const { label, subgroup } = concepts[concept]!;
  const others = random.shuffle(pool.filter((index) => index !== concept)).slice(0, candidateCount - 1);
  const right = random.integer(candidateCount);
  const candidates = others.map((index) => concepts[index]!.label);
  candidates.splice(right, 0, label);
  const media = [new Image(toUnit(pixels), imageSize, label)];
  return { media, captions: [label], group: subgroup, candidates, right };
}
