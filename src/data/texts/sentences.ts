import type { Random } from "../../core/random.ts";
import type { Entry } from "./dictionary.ts";
import type { Translation } from "./translations.ts";

/** A text about a dictionary's entry: what it means, with its words or alone, or a sentence that uses one of them. */
export function textAbout({ words, definition, examples }: Entry, random: Random): string {
  // Sentences are rarer than definitions, and nearer to captions.
  if (examples.length > 0 && random.uniform() < 0.6) return random.pick(examples);
  const word = random.pick(words);
  const kinds = [definition, `${word}: ${definition}`, `${definition}: ${word}`];
  if (words.length > 1) kinds.push(words.join(", "));
  return random.pick(kinds);
}

/** A text with a name in another language or the emoji's character. */
export function translated({ emoji, label, others }: Translation, random: Random): string {
  const other = random.pick(others);
  return random.pick([other, other, `${label}: ${other}`, `${emoji} ${label}`, `${label} ${emoji}`, emoji]);
}
