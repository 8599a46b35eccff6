import type { Pose } from "../namedShapes/scene.ts";
import { type Combination, colours, plainName, shapes } from "../namedShapes/words.ts";
import { Tokenizer } from "../tokenizer.ts";

/** Words for where a shape is and how large, from one end to the other. */
const across = ["leftmost", "left", "centre", "right", "rightmost"] as const;
const down = ["topmost", "top", "middle", "bottom", "bottommost"] as const;
const sizes = ["tiny", "small", "medium", "large", "huge"] as const;

/** The smallest and the largest radius of a shape, as shares of the image's side. */
export const radii = { smallest: 0.12, largest: 0.34 };

/** What a frame shows, in words: `red square left top large`. */
export function frameWords(combination: Combination, { x, y, radius }: Pose, size: number): string {
  const places = [
    pick(across, (x - radius) / (size - 2 * radius)),
    pick(down, (y - radius) / (size - 2 * radius)),
    pick(sizes, (radius / size - radii.smallest) / (radii.largest - radii.smallest)),
  ];
  return [plainName(combination), ...places].join(" ");
}

/** The word at a share of the way. */
function pick(words: readonly string[], share: number): string {
  return words[Math.max(0, Math.min(words.length - 1, Math.floor(share * words.length)))]!;
}

let tokenizer: Tokenizer | undefined;

/** The vocabulary of what is said of frames. */
export function frameTokenizer(): Tokenizer {
  tokenizer ??= new Tokenizer([...colours, ...shapes, ...across, ...down, ...sizes]);
  return tokenizer;
}
