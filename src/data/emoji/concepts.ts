import { createRequire } from "node:module";
import { Random } from "../../core/random.ts";

const require = createRequire(import.meta.url);

/** The styles of drawing: three to train on, and one that only evaluation sees. */
export const trainStyles = ["noto", "twemoji", "openmoji"] as const;
export const heldOutStyle = "fluent-emoji-flat";
export const styles = [...trainStyles, heldOutStyle] as const;
export type Style = (typeof styles)[number];

/** How many concepts no training image shows. */
const heldOutCount = 100;

/** Something that has an emoji: real words for real drawings. */
export interface Concept {
  /** Hex code in small letters, without the variation selector: `1f9a9`. */
  code: string;
  /** In small letters: `grinning face with sweat`. */
  label: string;
  tags: readonly string[];
  group: string;
  subgroup: string;
  /** No training image shows it. Its words are ordinary words: the language model may know them. */
  heldOut: boolean;
}

interface Entry {
  label: string;
  hexcode: string;
  tags?: string[];
  group?: number;
  subgroup?: number;
}

interface Groups {
  groups: Record<string, string>;
  subgroups: Record<string, string>;
}

/** Hex codes as all sources can agree on them. */
export function normalCode(code: string): string {
  return code.toLowerCase().replace(/-fe0f/g, "");
}

/** Icon names of a style by normal code. */
export function iconNames(style: Style): Map<string, string> {
  const characters = require(`@iconify-json/${style}/chars.json`) as Record<string, string>;
  return new Map(Object.entries(characters).map(([code, icon]) => [normalCode(code), icon]));
}

/** Every emoji that all four styles draw, in emojibase's order. */
export function commonEmoji(): Omit<Concept, "heldOut">[] {
  const entries = require("emojibase-data/en/data.json") as Entry[];
  const { groups, subgroups } = require("emojibase-data/meta/groups.json") as Groups;
  const drawn = styles.map(iconNames);
  return entries.flatMap(({ label, hexcode, tags = [], group, subgroup }) => {
    const code = normalCode(hexcode);
    if (!drawn.every((icons) => icons.has(code))) return [];
    return [
      {
        code,
        label: plainWords(label),
        tags: tags.map(plainWords),
        group: plainWords(groups[String(group)] ?? ""),
        subgroup: plainWords(subgroups[String(subgroup)] ?? ""),
      },
    ];
  });
}

/** Small letters, straight quotes, and hyphens as spaces: words that recur. */
function plainWords(text: string): string {
  return text
    .toLowerCase()
    .replace(/[’‘]/g, "'")
    .replace(/[-:“”,()!]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * What no drawing at this size can tell, or what is no drawing of a thing: flags and symbols, the same role drawn as man
 * and as woman, the same walk to the right, and clock faces.
 */
function isFair({ label, group }: Pick<Concept, "label" | "group">): boolean {
  if (group === "flags" || group === "symbols" || group === "component") return false;
  if (/^(man|woman|men|women|mrs\.?|mx) ./.test(label) || /^(merman|mermaid)$/.test(label)) return false;
  return !/facing right|o'clock|thirty$/.test(label);
}

/** The concepts to learn and, a fixed hundred of them spread over the subgroups, to hold out. */
export function emojiConcepts(): Concept[] {
  const fair = commonEmoji().filter(isFair);
  const heldOut = new Set(spread(fair, heldOutCount));
  return fair.map((concept) => ({ ...concept, heldOut: heldOut.has(concept.code) }));
}

/** Codes of `count` concepts: each subgroup gives its share, so that every kind of thing is among them. */
function spread(concepts: readonly Omit<Concept, "heldOut">[], count: number): string[] {
  const random = new Random(2204).fork("held-out concepts");
  const shuffled = random.shuffle([...concepts]);
  shuffled.sort((a, b) => (a.subgroup < b.subgroup ? -1 : a.subgroup > b.subgroup ? 1 : 0));
  const stride = shuffled.length / count;
  return Array.from({ length: count }, (_, index) => shuffled[Math.floor((index + 0.5) * stride)]!.code);
}
