import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { FlamingoError } from "../../core/errors.ts";
import { float32 } from "../../core/port.ts";
import type { EvaluationSet } from "../../data/evaluationSet.ts";
import type { Media } from "../../data/media.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type FewShotSet, fewShot } from "../../evaluation/fewShot.ts";
import { mediaEmbeddings } from "../../evaluation/mediaEmbeddings.ts";
import { type ActionContext, defineAction } from "../action.ts";
import { mayContinue } from "../mayContinue.ts";
import { nodeProgress } from "../nodeProgress.ts";
import type { PipelineModel } from "../pipelineModel.ts";
import { named } from "./named.ts";
import { promptModel } from "./promptModel.ts";

const config = z.strictObject({
  shots: z
    .array(z.int().nonnegative())
    .min(1)
    .default([0, 4, 8, 16, 32])
    .meta({ title: "Shots", description: "Numbers of examples in the prompt." }),
  queries: count("Queries", "Examples of each evaluation set that are asked for, always the same ones.").default(500),
  choices: z
    .array(z.enum(["random", "similar"]))
    .min(1)
    .default(["random", "similar"])
    .meta({
      title: "Choice of shots",
      description: "Any of the support examples; or those most similar to the query, the most similar last (RICES).",
    }),
  orders: count("Orders", "Orders of the shots whose log-likelihoods are averaged (ensembling).", "orders").default(1),
  perToken: z.boolean().default(false).meta({
    title: "Per token",
    description: "Candidates count by their log-likelihood per token, not by that of the whole text.",
  }),
  sets: z
    .array(z.string())
    .default([])
    .meta({ title: "Sets", description: "Names of the evaluation sets; all that have support examples if empty." }),
});

/**
 * Computes accuracy with 0 to 32 examples in the prompt: which candidate is likeliest after the shots and the query.
 *
 * For each evaluation set with support examples, and each choice of shots, a curve with 95% intervals. Shapes: `logits` [batch, length,
 * tokens].
 *
 * @throws FlamingoError NOT_FOUND for an evaluation set that the data does not have; INVALID_PIPELINE where no frozen vision encoder tells
 *   how similar images are
 * @see Alayrac et al. 2022, Flamingo, sections 3.1 and 3.2, appendix C, arXiv:2204.14198
 */
export const FewShot = defineAction({
  name: "FewShot",
  title: "Few-shot evaluation",
  category: "Action",
  summary:
    "Computes accuracy with 0 to 32 examples in the prompt: which candidate is likeliest after the shots and the query.",
  paper: "3.1, 3.2",
  config,
  example: { queries: 10 },
  inputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  stage: "evaluate",
  run: async ({ shots, queries, choices, orders, perToken, sets }, context) => {
    const { model, log, node, seed } = context;
    const prompts = promptModel(context);
    try {
      for (const set of setsOf(sets, prompts.source, context))
        for (const choice of choices) {
          const points = await fewShot(prompts, set, {
            ...{ shots, choice, queries, orders, perToken, seed },
            embed: (media) => embed(media, model, prompts.source, context),
            mayContinue: () => mayContinue(context),
            progress: nodeProgress(log, node.id, `${set.title}, ${choice} shots`),
          });
          if (!points) return false;
          const { name, title } = set;
          log.append({ channel: "fewShot", value: { node: node.id, set: name, title, choice, points } });
        }
      return true;
    } finally {
      prompts.release();
    }
  },
});

/** The evaluation sets of those names that have support examples; all without names. */
function setsOf(names: readonly string[], source: string, { sources, node }: ActionContext): readonly FewShotSet[] {
  const all = (sources.get(source)?.evaluationSets ?? []).filter(hasSupport);
  if (all.length > 0) return named(all, names, "evaluation set with support examples", node.id);
  throw new FlamingoError("NOT_FOUND", "the data has no evaluation set with examples to choose shots from", {
    block: node.id,
    fix: "use Named shapes as the data",
  });
}

function hasSupport(set: EvaluationSet): set is FewShotSet {
  return set.support !== undefined;
}

/** How similar media are, by the last block before the logits that is frozen and takes images one by one: the vision encoder. */
function embed(media: readonly Media[], model: PipelineModel, source: string, { node }: ActionContext) {
  const encoder = model
    .blocksUpTo(node.inputs.logits!.node)
    .filter((id) => model.imagesOf(id) && model.isFixed(id))
    .at(-1);
  if (encoder === undefined) {
    const fix = "freeze the vision encoder, or choose random shots";
    const message = "no frozen vision encoder tells how similar images are";
    throw new FlamingoError("INVALID_PIPELINE", message, { block: node.id, fix });
  }
  const [port] = Object.keys(model.node(encoder).outputs);
  return mediaEmbeddings(media, (images) => model.compute(encoder, new Map([[source, { images }]]))[port!] as Tensor);
}
