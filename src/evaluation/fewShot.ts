import type { FewShotCurve, FewShotPoint } from "../channels/fewShot.ts";
import { Random } from "../core/random.ts";
import type { EvaluationSet, Example } from "../data/evaluationSet.ts";
import type { Media } from "../data/media.ts";
import { shareOf } from "./intervals.ts";
import type { PromptModel } from "./promptModel.ts";
import { continuationOf, findTemplate, promptOf } from "./promptTemplate.ts";
import { likeliest, meanScore } from "./score.ts";

export interface FewShotOptions {
  /** Numbers of shots, each of which gives a point of the curve. */
  shots: readonly number[];
  /** Any of the support examples, or those whose images are most similar to the query's, the most similar last (RICES). */
  choice: FewShotCurve["choice"];
  queries: number;
  seed: number;
  /** Orders of the shots whose log-likelihoods are averaged. */
  orders: number;
  /** Whether a candidate counts by its log-likelihood per token. */
  perToken: boolean;
  /** A vector of length 1 for each of the media: their products are similarities. */
  embed(media: readonly Media[]): Promise<readonly Float32Array[]>;
  progress(done: number, total: number): void;
  /** Asked between groups of queries: false stops the evaluation. */
  mayContinue(): Promise<boolean>;
}

/** An evaluation set whose examples have candidates, and support examples to choose shots from. */
export type FewShotSet = EvaluationSet & Required<Pick<EvaluationSet, "support">>;

/** What a model must do. */
type Scorer = Pick<PromptModel, "candidateScores" | "release">;

/** Queries that are worked on at once: all their shots are in memory, and encoded once. */
const atOnce = 10;

/**
 * Accuracy with examples in the prompt: of a query's candidates, the one with the highest log-likelihood after the shots and the query
 * counts as the answer.
 *
 * The shots of a query with fewer are among those with more. Each image is encoded once, however many prompts show it.
 *
 * @returns a point for each number of shots; undefined if the evaluation was stopped
 * @see Alayrac et al. 2022, Flamingo, section 3.1 and appendix C (closed-ended evaluation, RICES, ensembling), arXiv:2204.14198
 */
export async function fewShot(
  model: Scorer,
  set: FewShotSet,
  options: FewShotOptions,
): Promise<FewShotPoint[] | undefined> {
  const { shots: numbers, mayContinue, progress } = options;
  const examples = set.examples(options.queries);
  const hits = numbers.map(() => 0);
  const best = numbers.map(() => 0);
  const embed = embeddedOnce(options.embed);
  for (let start = 0; start < examples.length; start += atOnce) {
    if (!(await mayContinue())) return undefined;
    const queries = examples.slice(start, start + atOnce);
    const chosen = await Promise.all(
      queries.map((query, at) => chooseShots(query, set.support(start + at), start + at, { ...options, embed })),
    );
    for (const [point, number] of numbers.entries()) {
      const shots = chosen.map((all) => (number === 0 ? [] : all.slice(-number)));
      const answers = await answer(model, set, queries, shots, start, options);
      queries.forEach((query, at) => {
        if (answers[at] === query.right) hits[point]!++;
        best[point]! += set.bestPossible?.(start + at, shots[at]!) ?? 0;
      });
    }
    model.release();
    progress(start + queries.length, examples.length);
  }
  return numbers.map((shots, point) => ({
    ...shareOf(hits[point]!, examples.length),
    shots,
    hits: hits[point]!,
    ...(set.bestPossible ? { best: best[point]! / examples.length } : {}),
  }));
}

/** The shots of a query, those that every number of shots has last. */
async function chooseShots(
  query: Example,
  support: readonly Example[],
  index: number,
  { shots, choice, seed, embed }: FewShotOptions,
): Promise<Example[]> {
  const most = Math.max(...shots);
  const shuffled = new Random(seed).fork("shots").fork(index).shuffle(support);
  if (choice === "random") return shuffled.slice(0, most);
  const vectors = await embed([...query.media.slice(0, 1), ...shuffled.map(({ media }) => media[0]!)]);
  const [asked, ...others] = vectors;
  return shuffled
    .map((example, at) => ({ example, similarity: product(asked!, others[at]!) }))
    .sort((a, b) => a.similarity - b.similarity)
    .slice(-most)
    .map(({ example }) => example);
}

/** Embeds what it has not embedded before: queries may share their support examples. */
function embeddedOnce(embed: FewShotOptions["embed"]): FewShotOptions["embed"] {
  const known = new WeakMap<Media, Float32Array>();
  return async (media) => {
    const unknown = media.filter((each) => !known.has(each));
    const vectors = unknown.length > 0 ? await embed(unknown) : [];
    unknown.forEach((each, at) => {
      known.set(each, vectors[at]!);
    });
    return media.map((each) => known.get(each)!);
  };
}

/** The index of the likeliest candidate of each query. */
async function answer(
  model: Pick<Scorer, "candidateScores">,
  { template: name = "caption" }: FewShotSet,
  queries: readonly Example[],
  shots: readonly (readonly Example[])[],
  start: number,
  { orders, perToken, seed }: FewShotOptions,
): Promise<number[]> {
  const template = findTemplate(name);
  const sums = queries.map(({ candidates = [] }) => candidates.map(() => 0));
  for (let order = 0; order < orders; order++) {
    const asked = queries.map((query, at) => {
      const random = new Random(seed)
        .fork("orders")
        .fork(start + at)
        .fork(order);
      const ordered = order === 0 ? shots[at]! : random.shuffle(shots[at]!);
      const candidates = (query.candidates ?? []).map((text) => continuationOf(template, text));
      return { prompt: promptOf(template, query, ordered), candidates };
    });
    const scores = await model.candidateScores(asked);
    scores.forEach((each, at) => {
      each.forEach((score, candidate) => {
        sums[at]![candidate]! += perToken ? meanScore(score) : score.sum;
      });
    });
  }
  return sums.map(likeliest);
}

function product(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0);
}
