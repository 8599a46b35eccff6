import { Random } from "../../core/random.ts";
import type { EvaluationSet, Example } from "../evaluationSet.ts";
import { Image } from "../image.ts";
import { toUnit } from "../pixels.ts";
import { drawEntry, drawMeanings, type Meanings } from "./page.ts";
import { drawScene } from "./scene.ts";
import { type Combination, plainName, seenCombinations, unseenCombinations } from "./words.ts";

/** Names on a page, and on a page where some are wrong: so few that 32 examples outvote those. */
const namesOnPage = 12;
const namesWithWrong = 4;
/** Examples of a page that shots are chosen from. */
const supportSize = 64;
/** Share of wrong names. */
const wrong = 0.3;

/** Pages that no training has seen, with a query each: what the names mean there only the page's examples tell. */
export function heldOutPages(imageSize: number): EvaluationSet[] {
  return [
    pagesOf({ name: "namedShapes", title: "Named shapes" }, imageSize, 0),
    pagesOf({ name: "wrongNames", title: "Named shapes, 30% of the examples' names wrong" }, imageSize, wrong),
    pagesOf({ name: "unseenShapes", title: "Named shapes, unseen combinations asked for" }, imageSize, 0, true),
  ];
}

function pagesOf(
  about: Pick<EvaluationSet, "name" | "title">,
  imageSize: number,
  share: number,
  unseen = false,
): EvaluationSet {
  const count = share > 0 ? namesWithWrong : namesOnPage;
  const pageOf = (index: number) => {
    const random = new Random(2204).fork(about.name).fork(index);
    const meanings = drawMeanings(seenCombinations, count, random);
    if (!unseen) return { random, meanings, asked: random.integer(count) };
    // The page has one combination that no image showed, and asks for it.
    const [, ...others] = meanings.combinations;
    const combinations = [random.pick([...unseenCombinations]), ...others];
    return { random, meanings: { ...meanings, combinations }, asked: 0 };
  };
  return {
    ...about,
    examples: (most) =>
      Array.from({ length: most }, (_, index) => {
        const { random, meanings, asked } = pageOf(index);
        const media = [sceneOf(meanings.combinations[asked]!, imageSize, random.fork("query"))];
        return { media, captions: [meanings.names[asked]!], candidates: meanings.names, right: asked };
      }),
    support: (index) => {
      const { random, meanings } = pageOf(index);
      return Array.from({ length: supportSize }, (_, at) => exampleOf(meanings, imageSize, random.fork(at), share));
    },
    bestPossible: (index, shots) => {
      const { meanings, asked } = pageOf(index);
      return share > 0 ? bestWithWrong(meanings, asked, shots, share) : bestOf(meanings, asked, shots);
    },
  };
}

function sceneOf(combination: Combination, size: number, random: Random): Image {
  const pixels = new Uint8Array(size * size * 3);
  drawScene(pixels, 0, size, combination, random);
  return new Image(toUnit(pixels), size, plainName(combination));
}

function exampleOf(meanings: Meanings, size: number, random: Random, share: number): Example {
  const { place, name } = drawEntry(meanings, random, share);
  return { media: [sceneOf(meanings.combinations[place]!, size, random)], captions: [name] };
}

/** What an example shows, as its place among the page's combinations. */
function placeOf({ media }: Example, { combinations }: Meanings): number {
  const { label } = media[0] as Image;
  return combinations.findIndex((combination) => plainName(combination) === label);
}

/** Sure where the shots show what is asked for; else one of the names that they do not show. */
function bestOf(meanings: Meanings, asked: number, shots: readonly Example[]): number {
  const shown = new Set(shots.map((shot) => placeOf(shot, meanings)));
  return shown.has(asked) ? 1 : 1 / (meanings.names.length - shown.size);
}

/**
 * The probability of the likeliest name, after Bayes: the names are a permutation, each as likely as another before the shots, and a shot
 * has the right name with probability 1 − share, another with share / (names − 1).
 */
function bestWithWrong(meanings: Meanings, asked: number, shots: readonly Example[], share: number): number {
  const { names } = meanings;
  const votes = names.map(() => names.map(() => 0)); // [place][name]
  for (const shot of shots) votes[placeOf(shot, meanings)]![names.indexOf(shot.captions![0]!)]!++;
  const [right, other] = [Math.log(1 - share), Math.log(share / (names.length - 1))];
  const posterior = names.map(() => 0);
  for (const order of permutations(names.length)) {
    const agreeing = order.reduce((sum, name, place) => sum + votes[place]![name]!, 0);
    posterior[order[asked]!]! += Math.exp(agreeing * (right - other));
  }
  return Math.max(...posterior) / posterior.reduce((sum, each) => sum + each, 0);
}

function permutations(count: number): number[][] {
  if (count === 0) return [[]];
  return permutations(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => [...order.slice(0, at), count - 1, ...order.slice(at)]),
  );
}
