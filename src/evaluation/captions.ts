import { Random } from "../core/random.ts";
import type { CaptionExample } from "../data/captionExample.ts";
import type { Captioner, Seen } from "./captioner.ts";
import { captionGreedily } from "./generate.ts";
import { type Estimate, meanOf, shareOf } from "./intervals.ts";
import { type FramingTokens, framed, wordTargets } from "./prompt.ts";
import { scoreTokens } from "./score.ts";

export interface CaptionReport {
  /** `exact`: the greedy caption is the label. `subgroup`: it is a label of the right subgroup. `best`: the right one of
   * the candidates has the highest mean log-likelihood. */
  shares: Record<string, Estimate>;
  /** Mean log-likelihood of the label in nats a word: with the `right` picture, a `shuffled` one, and by the language
   * model `alone`; and the paired differences `rightMinusShuffled` and `rightMinusAlone`. */
  means: Record<string, Estimate>;
}

export interface CaptionEvaluation {
  captioner: Captioner;
  tokens: FramingTokens;
  /** Tokens that the language model was pretrained with: only they compete when it is alone. */
  pretrainedTokens: number;
  /** Subgroup of a caption, where it is a known label. */
  subgroupOf(caption: readonly number[]): string | undefined;
  /** Longest caption in words. */
  longest: number;
  progress(done: number, total: number): void;
  /** Asked before each few pictures: false stops the evaluation. */
  mayGoOn(): Promise<boolean>;
}

/** Pictures that are worked on at once. */
const atOnce = 20;

/**
 * Judges captions of held-out pictures: what the model says, which candidate it prefers, and how much the picture helps.
 * @returns undefined if it was stopped
 */
export async function evaluateCaptions(
  examples: readonly CaptionExample[],
  evaluation: CaptionEvaluation,
  seed: number,
): Promise<CaptionReport | undefined> {
  const tally: Tally = { exact: 0, subgroup: 0, subgroups: 0, best: 0, right: [], shuffled: [], alone: [] };
  const other = derangement(examples.length, new Random(seed).fork("shuffled"));
  for (let start = 0; start < examples.length; start += atOnce) {
    if (!(await evaluation.mayGoOn())) return undefined;
    const part = examples.slice(start, start + atOnce);
    await judge(part, evaluation, tally);
    // A single picture has no other to be shuffled with.
    if (examples.length > 1) {
      const wrong = part.map((_, index) => examples[other[start + index]!]!);
      await judgeShuffled(part, wrong, evaluation, tally);
    }
    evaluation.progress(Math.min(start + atOnce, examples.length), examples.length);
  }
  const paired = (a: number[], b: number[]) => a.map((value, index) => value - b[index]!);
  const { right, shuffled, alone } = tally;
  return {
    shares: {
      exact: shareOf(tally.exact, examples.length),
      ...(tally.subgroups > 0 ? { subgroup: shareOf(tally.subgroup, tally.subgroups) } : {}),
      best: shareOf(tally.best, examples.length),
    },
    means: {
      right: meanOf(right),
      ...(shuffled.length > 0
        ? { shuffled: meanOf(shuffled), rightMinusShuffled: meanOf(paired(right, shuffled)) }
        : {}),
      ...(alone.length > 0 ? { alone: meanOf(alone), rightMinusAlone: meanOf(paired(right, alone)) } : {}),
    },
  };
}

interface Tally {
  exact: number;
  subgroup: number;
  subgroups: number;
  best: number;
  right: number[];
  shuffled: number[];
  alone: number[];
}

async function judge(part: readonly CaptionExample[], evaluation: CaptionEvaluation, tally: Tally): Promise<void> {
  const { captioner, tokens, longest } = evaluation;
  const seen = look(captioner, part);
  const said = await captionGreedily(captioner, seen, tokens, longest);
  part.forEach((example, index) => {
    if (said[index]!.join() === example.label.join()) tally.exact++;
    if (example.subgroup === undefined) return;
    tally.subgroups++;
    if (evaluation.subgroupOf(said[index]!) === example.subgroup) tally.subgroup++;
  });
  for (let picture = 0; picture < part.length; picture++) {
    const { candidates, answer } = part[picture]!;
    const scores = await scoreLabels(
      evaluation,
      candidates,
      seen,
      candidates.map(() => picture),
    );
    if (scores.indexOf(Math.max(...scores)) === answer) tally.best++;
    tally.right.push(scores[answer]!);
  }
  seen.dispose();
  const labels = part.map(({ label }) => label);
  tally.alone.push(...(await scoreAlone(evaluation, labels)));
}

/** The same labels with the pictures of others. */
async function judgeShuffled(
  part: readonly CaptionExample[],
  wrong: readonly CaptionExample[],
  evaluation: CaptionEvaluation,
  tally: Tally,
): Promise<void> {
  const seen = look(evaluation.captioner, wrong);
  const labels = part.map(({ label }) => label);
  const pictures = labels.map((_, index) => index);
  tally.shuffled.push(...(await scoreLabels(evaluation, labels, seen, pictures)));
  seen.dispose();
}

function look(captioner: Captioner, examples: readonly CaptionExample[]): Seen {
  const size = examples[0]!.pixels.length;
  const pixels = new Float32Array(examples.length * size);
  examples.forEach((example, index) => {
    pixels.set(example.pixels, index * size);
  });
  return captioner.look(pixels, examples.length);
}

/** Mean log-likelihood a word of each label, row r with picture `pictures[r]`. */
async function scoreLabels(
  { captioner, tokens }: CaptionEvaluation,
  labels: readonly (readonly number[])[],
  seen: Seen,
  pictures: readonly number[],
): Promise<number[]> {
  const length = Math.max(...labels.map((label) => label.length)) + 2;
  const ids = rowsOf(labels.map((label) => framed(label, length, tokens)));
  const targets = rowsOf(labels.map((label) => wordTargets(label, length)));
  const logits = captioner.logits(seen, pictures, ids);
  const numbers = (await logits.data()) as Float32Array;
  const { sums, counts } = scoreTokens(numbers, logits.shape as [number, number, number], targets);
  logits.dispose();
  return sums.map((sum, row) => sum / Math.max(1, counts[row]!));
}

/** The same by the language model alone: `<bos>` and the label, without tag or picture. */
async function scoreAlone(
  { captioner, tokens, pretrainedTokens }: CaptionEvaluation,
  labels: readonly (readonly number[])[],
): Promise<number[]> {
  const length = Math.max(...labels.map((label) => label.length)) + 1;
  const ids = rowsOf(labels.map((label) => padded([tokens.bos, ...label], length, tokens.pad)));
  const logits = captioner.alone(ids, labels.length);
  if (!logits) return [];
  const numbers = (await logits.data()) as Float32Array;
  const targets = rowsOf(labels.map((label) => padded(label, length, -100)));
  const { sums, counts } = scoreTokens(numbers, logits.shape as [number, number, number], targets, pretrainedTokens);
  logits.dispose();
  return sums.map((sum, row) => sum / Math.max(1, counts[row]!));
}

function padded(values: readonly number[], length: number, filler: number): Int32Array {
  const row = new Int32Array(length).fill(filler);
  row.set(values.slice(0, length));
  return row;
}

function rowsOf(rows: readonly Int32Array[]): Int32Array {
  const length = rows[0]!.length;
  const all = new Int32Array(rows.length * length);
  rows.forEach((row, index) => {
    all.set(row, index * length);
  });
  return all;
}

/** A shuffle in which nothing keeps its place: each example gets the picture of another, if there are two or more. */
export function derangement(count: number, random: Random): number[] {
  const order = random.shuffle(Array.from({ length: count }, (_, index) => index));
  const result = new Array<number>(count);
  order.forEach((from, index) => {
    result[from] = order[(index + 1) % count]!;
  });
  return result;
}
