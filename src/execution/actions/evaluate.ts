import { z } from "zod";
import { count } from "../../core/block.ts";
import { FlamingoError } from "../../core/errors.ts";
import { float32 } from "../../core/port.ts";
import { type CaptionReport, evaluateCaptions } from "../../evaluation/captions.ts";
import { defineAction } from "../action.ts";
import { captionTask } from "../captionTask.ts";
import { mayGoOn } from "../mayGoOn.ts";

const config = z.strictObject({
  examples: count("Pictures", "Most pictures of each evaluation set, always the same ones.").default(400),
  longest: count("Longest caption", "Words at which a caption is cut off.", "words").default(8),
  sets: z
    .array(z.string())
    .default([])
    .meta({ title: "Sets", description: "Names of the evaluation sets; all of them if empty." }),
});

/**
 * Judges the model on held-out pictures: exact captions, the right one of 20, and how much the picture helps.
 *
 * For each evaluation set, with counts and 95% intervals: the share of greedy captions that are the label, that are of
 * the right subgroup, and where the label is the likeliest of 20 candidates; and the label's mean log-likelihood in nats
 * a word with the right picture, a shuffled one, and by the language model alone. Shapes: `logits` [batch, length,
 * tokens].
 *
 * @throws FlamingoError NOT_FOUND for an evaluation set that the data does not have
 * @see Alayrac et al. 2022, Flamingo, section 3.1 (open- and closed-ended evaluation), arXiv:2204.14198
 */
export const Evaluate = defineAction({
  name: "Evaluate",
  title: "Evaluate",
  category: "Action",
  summary:
    "Judges the model on held-out pictures: exact captions, the right one of 20, and how much the picture helps.",
  paper: "3.1",
  config,
  example: { examples: 10 },
  inputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  stage: "judge",
  run: async ({ examples, longest, sets }, context) => {
    const { captioner, dataset, tokens } = captionTask(context);
    const { log, node, seed } = context;
    const known = dataset.evaluationSets.map(({ name }) => name);
    const unknown = sets.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      const fix = `use one of: ${known.join(", ")}`;
      throw new FlamingoError("NOT_FOUND", `there is no evaluation set "${unknown}"`, { block: node.id, fix });
    }
    const chosen = dataset.evaluationSets.filter(({ name }) => sets.length === 0 || sets.includes(name));
    for (const set of chosen) {
      const report = await evaluateCaptions(
        dataset.examplesOf(set.name, examples),
        {
          captioner,
          tokens,
          longest,
          pretrainedTokens: dataset.tokenizer.pretrained,
          subgroupOf: (caption) => dataset.subgroupOf(caption),
          mayGoOn: () => mayGoOn(context),
          progress: (step, total) =>
            log.append({
              channel: "node",
              value: { node: node.id, state: "running", activity: set.title, step, total },
            }),
        },
        seed,
      );
      if (!report) return false;
      log.append({
        channel: "results",
        value: { node: node.id, set: set.name, title: set.title, metrics: resultsOf(report) },
      });
    }
    return true;
  },
});

const names: Readonly<Record<string, [metric: string, title: string]>> = {
  exact: ["exact", "Exact caption"],
  subgroup: ["subgroup", "Right subgroup"],
  best: ["best", "Best of the candidates"],
  right: ["logLikelihood", "Log-likelihood"],
  shuffled: ["shuffledLogLikelihood", "Log-likelihood, shuffled images"],
  rightMinusShuffled: ["gainOverShuffled", "Gain over shuffled images"],
  alone: ["textOnlyLogLikelihood", "Log-likelihood, text only"],
  rightMinusAlone: ["gainOverTextOnly", "Gain over text only"],
};

function resultsOf({ shares, means }: CaptionReport) {
  const results = (values: CaptionReport["means"], unit: string) =>
    Object.entries(values).map(([name, value]) => ({
      metric: names[name]![0],
      title: names[name]![1],
      unit,
      ...value,
    }));
  return [...results(shares, "share"), ...results(means, "nats/token")];
}
