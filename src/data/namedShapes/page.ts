import type { Random } from "../../core/random.ts";
import { type Combination, madeUpNames } from "./words.ts";

/** What the names mean on one page: combinations, and for each the name that it has there and nowhere else. */
export interface Meanings {
  combinations: readonly Combination[];
  names: readonly string[];
}

/** An entry of a page: a combination, by its place among the page's, and the name that stands beside it. */
export interface Entry {
  place: number;
  name: string;
}

/** Gives so many of the combinations names for a page. */
export function drawMeanings(all: readonly Combination[], count: number, random: Random): Meanings {
  return {
    combinations: random.shuffle(all).slice(0, count),
    names: random.shuffle(madeUpNames).slice(0, count),
  };
}

/**
 * One entry of a page: any of its combinations, with its name.
 * @param wrong share of entries with another name of the page
 */
export function drawEntry({ names }: Meanings, random: Random, wrong = 0): Entry {
  const place = random.integer(names.length);
  const isWrong = wrong > 0 && names.length > 1 && random.uniform() < wrong;
  const shown = isWrong ? (place + 1 + random.integer(names.length - 1)) % names.length : place;
  return { place, name: names[shown]! };
}

/** A whole number from `least` to `most`, each equally likely. */
export function between(least: number, most: number, random: Random): number {
  return least + random.integer(most - least + 1);
}
