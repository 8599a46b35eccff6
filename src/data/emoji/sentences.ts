import type { Random } from "../../core/random.ts";
import type { Concept } from "./concepts.ts";

/** Words that sentences use beside labels, tags and groups. */
export const sentenceWords = ["a", "drawing", "of", "is", "in", "and", ":", ",", "kind"];

/**
 * One sentence about a concept, for pretraining a language model on text. Held-out concepts are among them: no image
 * shows them, but their words are ordinary words, as a real language model would know them.
 */
export function sentenceAbout(concept: Concept, random: Random): string {
  const { label, group, subgroup } = concept;
  const tags = random.shuffle([...concept.tags]).slice(0, 4);
  const kinds = [
    label,
    label,
    `a drawing of ${label}`,
    `${label} is a kind of ${subgroup}`,
    `${subgroup} : ${label}`,
    `${group} , ${subgroup} : ${label}`,
    ...(tags.length > 0
      ? [`${label} : ${tags.join(" , ")}`, `${tags.join(" , ")} : ${label}`, `${tags.join(" and ")} : ${label}`]
      : []),
  ];
  return random.pick(kinds);
}

/** Every word that a sentence about these concepts may have. */
export function allWords(concepts: readonly Concept[]): string[] {
  return concepts
    .flatMap(({ label, tags, group, subgroup }) => [label, ...tags, group, subgroup])
    .concat(sentenceWords);
}
