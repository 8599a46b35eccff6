import { createRequire } from "node:module";
import { emojiConcepts, normalCode } from "../emoji/concepts.ts";

const require = createRequire(import.meta.url);
/** Languages of emojibase, which has the names of emoji in them. */
const languages = [
  ...["bn", "da", "de", "es", "et", "fi", "fr", "hi", "hu", "it", "ja", "ko", "lt", "ms", "nb", "nl", "pl", "pt", "ru"],
  ...["sv", "th", "uk", "vi", "zh", "zh-hant"],
];

/** An emoji as people write it, with its names in English and in other languages. */
export interface Translation {
  /** The character. */
  emoji: string;
  label: string;
  others: readonly string[];
}

/** The names of emoji in other languages: a language model that has read them knows the bytes of their scripts. */
export function translations(): Translation[] {
  const named = languages.map((language) => {
    const entries = require(`emojibase-data/${language}/compact.json`) as { hexcode: string; label?: string }[];
    return new Map(entries.map(({ hexcode, label }) => [normalCode(hexcode), label]));
  });
  return emojiConcepts().map(({ code, label }) => ({
    emoji: String.fromCodePoint(...code.split("-").map((part) => Number.parseInt(part, 16))),
    label,
    others: named.flatMap((names) => names.get(code) ?? []),
  }));
}
