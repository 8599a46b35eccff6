import { Random } from "../../core/random.ts";
import { Tokenizer } from "../tokenizer.ts";

export const colours = ["red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink"] as const;
export const shapes = ["circle", "square", "triangle", "cross", "star", "ring", "bar", "moon"] as const;

/** A coloured shape: the colour's index · 8 + the shape's. */
export type Combination = number;

export const combinationCount = colours.length * shapes.length;

/** What a combination is called in plain words: `red square`. */
export function plainName(combination: Combination): string {
  return `${colours[Math.floor(combination / shapes.length)]} ${shapes[combination % shapes.length]}`;
}

const syllables = ["ba", "de", "fi", "go", "ku", "la", "me", "ni"];

/** Words that mean nothing: each page gives them a meaning of its own. */
export const madeUpNames: readonly string[] = syllables.flatMap((first) => syllables.map((last) => `${first}${last}x`));

/** Combinations that no training image shows, one of each colour and of each shape. Texts tell of them. */
export const unseenCombinations: ReadonlySet<Combination> = new Set(
  new Random(8).shuffle(shapes.map((_, shape) => shape)).map((shape, colour) => colour * shapes.length + shape),
);

/** Combinations that training images show. */
export const seenCombinations: readonly Combination[] = Array.from(
  { length: combinationCount },
  (_, combination) => combination,
).filter((combination) => !unseenCombinations.has(combination));

let tokenizer: Tokenizer | undefined;

/** The vocabulary of all texts about named shapes. */
export function namedShapesTokenizer(): Tokenizer {
  tokenizer ??= new Tokenizer([...colours, ...shapes, ...madeUpNames, "."]);
  return tokenizer;
}
