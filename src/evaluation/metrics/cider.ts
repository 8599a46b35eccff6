import { meanOf } from "../intervals.ts";
import { defineMetric } from "./metric.ts";

/** Longest n-grams, and the spread of the penalty on a difference in length. */
const longest = 4;
const sigma = 6;

/**
 * CIDEr-D: how much a generated caption has in common with those that people gave, in n-grams of one to four tokens,
 * weighted by how rare they are.
 *
 * For each n: the cosine of the tf-idf vectors of caption and reference, the caption's weights clipped to the reference's,
 * times exp(−Δlength² / 2σ²); the mean over n and references, times 10. Papers print 100 times the CIDEr of the library,
 * which is this value. Document frequencies are those of the set's own references, so sets of different size or content
 * cannot be compared. The difference in length is counted in bigrams, as in the reference implementation.
 *
 * @see Vedantam et al. 2015, CIDEr, arXiv:1411.5726; pycocoevalcap 1.2
 */
export const cider = defineMetric({
  name: "cider",
  title: "CIDEr",
  description: "How much generated captions have in common with those that people gave, in n-grams weighted by rarity.",
  unit: "",
  paper: "arXiv:1411.5726",
  higherIsBetter: true,
  needs: ["generated"],
  references: ["captions"],
  value: (cases) => {
    const index = new NgramIndex();
    const captions = cases.map(({ generated }) => index.count(generated.text));
    const references = cases.map(({ example }) => example.captions.map((caption) => index.count(caption)));
    const rarity = raritiesOf(references, index.size);
    return meanOf(captions.map((caption, at) => ciderOf(caption, references[at]!, rarity)));
  },
});

/** The n-grams of a text for each n, by number in ascending order, and how often each occurs. */
type Counts = readonly { ngrams: number[]; counts: number[] }[];

/** Gives each n-gram a number: lists of numbers are compared in a fraction of the time that maps of text take. */
class NgramIndex {
  readonly #tokens = new Map<string, number>();
  /** By the number of an n-gram's beginning, which is one token shorter, and that of its last token. */
  readonly #ngrams = new Map<number, number>();

  get size(): number {
    return this.#ngrams.size;
  }

  /** The n-grams of a text, split as the benchmark splits captions: lower case, words and numbers without punctuation. */
  count(text: string): Counts {
    const tokens = text.toLowerCase().match(/[\p{L}\p{N}'’-]+/gu) ?? [];
    const ids = tokens.map((token) => numberOf(token, this.#tokens));
    const all = Array.from({ length: longest }, (): number[] => []);
    for (let start = 0; start < ids.length; start++) {
      let beginning = 0;
      for (let n = 0; n < longest && start + n < ids.length; n++) {
        const ngram = numberOf(beginning * 2 ** 22 + ids[start + n]!, this.#ngrams);
        all[n]!.push(ngram);
        beginning = ngram + 1;
      }
    }
    return all.map(countSorted);
  }
}

function numberOf<Key>(key: Key, numbers: Map<Key, number>): number {
  const known = numbers.get(key);
  if (known !== undefined) return known;
  numbers.set(key, numbers.size);
  return numbers.size - 1;
}

function countSorted(all: number[]): { ngrams: number[]; counts: number[] } {
  const ngrams: number[] = [];
  const counts: number[] = [];
  for (const ngram of all.sort((a, b) => a - b)) {
    if (ngram === ngrams.at(-1)) counts[counts.length - 1]!++;
    else {
      ngrams.push(ngram);
      counts.push(1);
    }
  }
  return { ngrams, counts };
}

/** For each n-gram log(images / images whose references have it), where 1 stands for none. */
function raritiesOf(references: readonly (readonly Counts[])[], size: number): Float64Array {
  const images = new Float64Array(size);
  const lastImage = new Int32Array(size).fill(-1);
  references.forEach((each, image) => {
    for (const counts of each)
      for (const { ngrams } of counts)
        for (const ngram of ngrams) {
          if (lastImage[ngram] === image) continue;
          lastImage[ngram] = image;
          images[ngram]!++;
        }
  });
  const all = Math.log(references.length);
  return images.map((count) => all - Math.log(Math.max(1, count)));
}

function ciderOf(caption: Counts, references: readonly Counts[], rarity: Float64Array): number {
  const given = weigh(caption, rarity);
  const sum = references.reduce((total, reference) => total + similarity(given, weigh(reference, rarity)), 0);
  return (10 * sum) / references.length;
}

interface Weighted {
  /** tf-idf of each n-gram, and their norm, for each n. */
  vectors: { ngrams: readonly number[]; weights: readonly number[]; norm: number }[];
  /** Number of bigrams. */
  length: number;
}

function weigh(counts: Counts, rarity: Float64Array): Weighted {
  const vectors = counts.map(({ ngrams, counts }) => {
    const weights = ngrams.map((ngram, at) => counts[at]! * rarity[ngram]!);
    return { ngrams, weights, norm: Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0)) };
  });
  return { vectors, length: counts[1]!.counts.reduce((sum, count) => sum + count, 0) };
}

/** Mean over n of the clipped cosines, less for a difference in length. */
function similarity(given: Weighted, reference: Weighted): number {
  const penalty = Math.exp(-((given.length - reference.length) ** 2) / (2 * sigma ** 2));
  const cosines = given.vectors.map((vector, n) => clippedCosine(vector, reference.vectors[n]!));
  return (penalty * cosines.reduce((sum, each) => sum + each, 0)) / longest;
}

type Vector = Weighted["vectors"][number];

/** The cosine of two vectors, where no weight of the first counts for more than that of the second. */
function clippedCosine(given: Vector, reference: Vector): number {
  if (given.norm === 0 || reference.norm === 0) return 0;
  let product = 0;
  let at = 0;
  given.ngrams.forEach((ngram, index) => {
    while (at < reference.ngrams.length && reference.ngrams[at]! < ngram) at++;
    if (reference.ngrams[at] !== ngram) return;
    const expected = reference.weights[at]!;
    product += Math.min(given.weights[index]!, expected) * expected;
  });
  return product / (given.norm * reference.norm);
}
