import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32 } from "../../core/port.ts";
import { evaluate, metrics } from "../../evaluation/evaluate.ts";
import { examplesFingerprint } from "../../evaluation/examplesFingerprint.ts";
import { defineAction } from "../action.ts";
import { mayContinue } from "../mayContinue.ts";
import { nodeProgress } from "../nodeProgress.ts";
import { named } from "./named.ts";
import { promptModel } from "./promptModel.ts";

const config = z.strictObject({
  examples: count("Examples", "Most examples of each evaluation set, always the same ones.").default(400),
  longest: count("Longest caption", "Tokens at which a caption is cut off.", "tokens").default(8),
  sets: z
    .array(z.string())
    .default([])
    .meta({ title: "Sets", description: "Names of the evaluation sets; all of them if empty." }),
  metrics: z
    .array(z.string())
    .default([])
    .meta({ title: "Metrics", description: "Names of the metrics; all that fit the examples if empty." }),
});

/**
 * Computes metrics on held-out examples: of what the model generates, which candidate it prefers, how likely the label is.
 *
 * For each evaluation set, each metric with its 95% interval and how many examples were counted. Which metrics fit follows from
 * what the examples have: captions, answers, candidates, classes. Shapes: `logits` [batch, length, tokens].
 *
 * @throws FlamingoError NOT_FOUND for an evaluation set that the data does not have, or a metric that there is not
 * @see Alayrac et al. 2022, Flamingo, section 3.1 (open- and closed-ended evaluation), arXiv:2204.14198
 */
export const Evaluate = defineAction({
  name: "Evaluate",
  title: "Evaluate",
  category: "Action",
  summary:
    "Computes metrics on held-out examples: of what the model generates, which candidate it prefers, how likely the label is.",
  paper: "3.1",
  config,
  example: { examples: 10 },
  inputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  stage: "evaluate",
  run: async (settings, context) => {
    const { log, node, seed, sources } = context;
    const prompts = promptModel(context);
    const chosen = named(metrics, settings.metrics, "metric", node.id);
    const sets = sources.get(prompts.source)?.evaluationSets ?? [];
    try {
      for (const set of named(sets, settings.sets, "evaluation set", node.id)) {
        const examples = set.examples(settings.examples);
        const results = await evaluate(prompts, set, examples, {
          metrics: chosen,
          longest: settings.longest,
          seed,
          mayContinue: () => mayContinue(context),
          progress: nodeProgress(log, node.id, set.title),
        });
        if (!results) return false;
        log.append({
          channel: "results",
          value: {
            node: node.id,
            set: set.name,
            title: set.title,
            examples: examplesFingerprint(examples),
            metrics: results,
          },
        });
        prompts.release();
      }
      return true;
    } finally {
      prompts.release();
    }
  },
});
