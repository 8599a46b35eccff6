import type { MetricResult } from "../channels/results.ts";
import { Random } from "../core/random.ts";
import type { EvaluationSet, Example } from "../data/evaluationSet.ts";
import * as definitions from "./metrics/index.ts";
import { type Metric, type Observation, type Observations, observations } from "./metrics/metric.ts";
import type { Prompt } from "./prompt.ts";
import type { PromptModel } from "./promptModel.ts";
import { continuationOf, findTemplate, labelOf, promptOf } from "./promptTemplate.ts";
import type { TextScore } from "./score.ts";

export interface EvaluationOptions {
  metrics: readonly Metric[];
  /** Tokens at which a generated text is cut off. */
  longest: number;
  seed: number;
  progress(done: number, total: number): void;
  /** Asked between examples: false stops the evaluation. */
  mayContinue(): Promise<boolean>;
}

/** Every metric. */
export const metrics = Object.values(definitions) as unknown as readonly Metric[];

/** Examples that are worked on at once. */
const atOnce = 20;

/**
 * Computes metrics on examples, those that fit them: a metric is left out where the examples lack what it compares with, or the
 * model cannot answer what it needs.
 * @returns in the order of what they need of the model; undefined if the evaluation was stopped
 */
export async function evaluate(
  model: PromptModel,
  set: Pick<EvaluationSet, "template" | "groups">,
  examples: readonly Example[],
  options: EvaluationOptions,
): Promise<MetricResult[] | undefined> {
  const asking = new Asking(model, set, examples, options);
  const chosen = options.metrics.filter((metric) => asking.canAnswer(metric));
  const needed = observations.filter((each) => chosen.some(({ needs }) => needs.includes(each)));
  const answered: Partial<Observations>[] = examples.map(() => ({}));
  for (let start = 0; start < examples.length; start += atOnce) {
    if (!(await options.mayContinue())) return undefined;
    const part = examples.slice(start, start + atOnce).map((_, index) => start + index);
    for (const each of needed) {
      const answers = await asking.ask(each, part, answered);
      for (const [at, index] of part.entries()) Object.assign(answered[index]!, { [each]: answers[at] });
    }
    options.progress(start + part.length, examples.length);
  }
  const stage = ({ needs }: Metric) => Math.max(...needs.map((need) => observations.indexOf(need)));
  return chosen
    .toSorted((a, b) => stage(a) - stage(b))
    .map((metric) => {
      const cases = examples.flatMap((example, index) =>
        hasReferences(example, metric) ? [{ ...(answered[index] as Observations), example }] : [],
      );
      const { name, title, description, unit, higherIsBetter } = metric;
      const { each, ...estimate } = metric.value(cases as never, { set, tokenizer: model.tokenizer });
      const kept = each && { each: each.map((value) => Number(value.toPrecision(5))) }; // a log need not hold more digits
      return {
        metric: name,
        title,
        description,
        ...(unit === "" ? {} : { unit }),
        higherIsBetter,
        ...estimate,
        ...kept,
      };
    });
}

/** What a model is asked about the examples of a set. */
class Asking {
  readonly #model: PromptModel;
  readonly #examples: readonly Example[];
  readonly #longest: number;
  readonly #prompts: readonly Prompt[];
  readonly #template: ReturnType<typeof findTemplate>;
  /** Another example for each, whose media it gets. */
  readonly #other: readonly number[];

  constructor(
    model: PromptModel,
    { template = "caption" }: Pick<EvaluationSet, "template">,
    examples: readonly Example[],
    { longest, seed }: EvaluationOptions,
  ) {
    this.#model = model;
    this.#examples = examples;
    this.#longest = longest;
    this.#template = findTemplate(template);
    this.#prompts = examples.map((example) => promptOf(this.#template, example));
    this.#other = derangement(examples.length, new Random(seed).fork("shuffled"));
  }

  canAnswer(metric: Metric): boolean {
    const examples = this.#examples.filter((example) => hasReferences(example, metric));
    if (examples.length === 0 || !(metric.fits?.(examples) ?? true)) return false;
    // A single example has no other to take media from.
    if (metric.needs.includes("shuffledScore") && this.#examples.length < 2) return false;
    return !metric.needs.includes("textOnlyScore") || this.#model.readsTextAlone;
  }

  /** An observation for each of the examples `part`; those of `answered` were made before. */
  async ask(
    what: Observation,
    part: readonly number[],
    answered: readonly Partial<Observations>[],
  ): Promise<readonly unknown[]> {
    switch (what) {
      case "generated":
        return this.#model.generate(
          part.map((index) => this.#prompts[index]!),
          { most: this.#longest },
        );
      case "candidateScores":
        return this.#candidateScores(part);
      case "labelScore":
        return this.#labelScores(part, answered);
      case "shuffledScore":
        return this.#scoreLabels(part, (index) => this.#promptWith(index, this.#examples[this.#other[index]!]!.media));
      case "textOnlyScore":
        return this.#scoreLabels(part, (index) => this.#promptWith(index, []));
    }
  }

  #promptWith(index: number, media: Example["media"]): Prompt {
    return promptOf(this.#template, { ...this.#examples[index]!, media });
  }

  async #candidateScores(part: readonly number[]): Promise<(readonly TextScore[])[]> {
    const scores: (readonly TextScore[])[] = [];
    for (const index of part) {
      const candidates = this.#examples[index]!.candidates ?? [];
      const texts = candidates.map((text) => continuationOf(this.#template, text));
      scores.push(...(await this.#model.candidateScores([{ prompt: this.#prompts[index]!, candidates: texts }])));
    }
    return scores;
  }

  /** The score of a label that is among the candidates is known. */
  async #labelScores(part: readonly number[], answered: readonly Partial<Observations>[]): Promise<TextScore[]> {
    const known = part.map((index): TextScore | undefined => {
      const example = this.#examples[index]!;
      const at = example.candidates?.indexOf(labelOf(example)) ?? -1;
      return answered[index]!.candidateScores?.[at];
    });
    const asked = part.filter((_, at) => !known[at]);
    const scores = (await this.#scoreLabels(asked, (index) => this.#prompts[index]!)).values();
    return known.map((score) => score ?? scores.next().value!);
  }

  #scoreLabels(part: readonly number[], promptOf: (index: number) => Prompt): Promise<TextScore[]> {
    return this.#model.logLikelihoods(
      part.map((index) => ({
        prompt: promptOf(index),
        text: continuationOf(this.#template, labelOf(this.#examples[index]!)),
      })),
    );
  }
}

function hasReferences(example: Example, { references }: Metric): boolean {
  return references.every((reference) => example[reference] !== undefined);
}

/** A shuffle in which nothing keeps its place: each example gets the media of another, if there are two or more. */
export function derangement(count: number, random: Random): number[] {
  const order = random.shuffle(Array.from({ length: count }, (_, index) => index));
  const result = new Array<number>(count);
  order.forEach((from, index) => {
    result[from] = order[(index + 1) % count]!;
  });
  return result;
}
