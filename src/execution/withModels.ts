import { FlamingoError } from "../core/errors.ts";
import type { SlotInput } from "../core/slot.ts";
import { openModelTokenizer } from "../data/modelTokenizer.ts";
import { findImported } from "../models/imported.ts";
import type { ImportedModel } from "../models/modelFiles.ts";
import { type Pipeline, parsePipeline } from "../pipeline/schema.ts";
import { findSource } from "./registry.ts";

/** Names of imported models that take the place of a Flamingo's own parts. */
export interface ModelNames {
  language?: string | undefined;
}

/**
 * A pipeline whose Flamingo has an imported language model: frozen, with a new gated layer before each of its layers, and with rows of
 * the embedding for `<image>` and `<|endofchunk|>`. Its sources give texts by the model's own tokenizer.
 *
 * @param models folder of what was imported
 * @param file of the pipeline, for messages
 * @throws FlamingoError NOT_FOUND; INVALID_WEIGHTS for what is no language model with a tokenizer; INVALID_PIPELINE for a pipeline
 *   without a Flamingo
 */
export function withModels(pipeline: Pipeline, { language }: ModelNames, models: string, file: string): Pipeline {
  if (language === undefined) return pipeline;
  const model = findImported(models, language);
  if (!model)
    throw new FlamingoError("NOT_FOUND", `nothing was imported as "${language}"`, {
      actual: language,
      fix: "import the language model first: flamingo import FOLDER",
    });
  const languageModel = { ...gated(model, language), weights: language };
  const nodes = Object.entries(pipeline.nodes).map(([id, node]) => {
    if (node.type === "Flamingo") return [id, { ...node, config: { ...node.config, languageModel } }] as const;
    const hasTokenizer = findSource(node.type)?.config.shape.tokenizer !== undefined;
    return [id, hasTokenizer ? { ...node, config: { ...node.config, tokenizer: language } } : node] as const;
  });
  if (!nodes.some(([, { type }]) => type === "Flamingo"))
    throw new FlamingoError("INVALID_PIPELINE", `${file} has no Flamingo whose language model could be replaced`, {
      source: file,
      fix: "leave --language out, or take the template own-images",
    });
  return parsePipeline({ ...pipeline, nodes: Object.fromEntries(nodes) }, file);
}

function gated({ block, tokens, source }: ImportedModel, name: string): SlotInput {
  if (block.type !== "FlamingoLanguageModel" || !tokens)
    throw new FlamingoError(
      "INVALID_WEIGHTS",
      block.type === "FlamingoLanguageModel"
        ? `"${name}" has no tokenizer: no tokenizer.json lies beside its weights`
        : `"${name}" is a ${block.type}, and no language model alone`,
      { source, fix: "import the folder of a language model with its tokenizer.json" },
    );
  const { image, endOfChunk } = openModelTokenizer(tokens).special;
  const newTokens = Math.max(0, Math.max(image, endOfChunk) + 1 - tokens.vocabulary);
  return {
    type: block.type,
    config: { ...block.config, newTokens, imageToken: image, placement: "first" },
  };
}
