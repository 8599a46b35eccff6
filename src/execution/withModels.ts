import { FlamingoError } from "../core/errors.ts";
import type { SlotInput } from "../core/slot.ts";
import { openModelTokenizer } from "../data/modelTokenizer.ts";
import { FlamingoLanguageModel } from "../models/languageModel.ts";
import type { ImportedModel } from "../models/modelFiles.ts";
import { type Pipeline, parsePipeline } from "../pipeline/schema.ts";
import { findBlock, findSource } from "./registry.ts";
import { requireImported, requireTokens } from "./requireImported.ts";

/** Names of imported models that take the place of a Flamingo's own parts. */
export interface ModelNames {
  language?: string | undefined;
  vision?: string | undefined;
}

/**
 * A pipeline whose Flamingo has imported models, frozen. A language model gets a new gated layer before each of its layers, and rows of the
 * embedding for `<image>` and `<|endofchunk|>`; the sources give texts by its own tokenizer. Before an image encoder, the sources give
 * images of its side.
 *
 * @param models folder of what was imported
 * @param file of the pipeline, for messages
 * @throws FlamingoError NOT_FOUND, also without a tokenizer; INVALID_WEIGHTS for what is no language model, or no image encoder; INVALID_PIPELINE
 *   for a pipeline without a Flamingo
 */
export function withModels(
  pipeline: Pipeline,
  { language, vision }: ModelNames,
  models: string,
  file: string,
): Pipeline {
  const parts = {
    ...(language !== undefined && { languageModel: gated(requireImported(language, models), language) }),
    ...(vision !== undefined && encoder(requireImported(vision, models), vision)),
  };
  const fields = {
    ...(language !== undefined && { tokenizer: language }),
    ...("imageSize" in parts && { imageSize: parts.imageSize }),
  };
  const nodes = Object.entries(pipeline.nodes).map(([id, node]) => {
    const shape = findSource(node.type)?.config.shape ?? {};
    const own = Object.fromEntries(Object.entries(fields).filter(([field]) => field in shape));
    return [id, { ...node, config: { ...node.config, ...(node.type === "Flamingo" ? parts : own) } }] as const;
  });
  if (!nodes.some(([, { type }]) => type === "Flamingo"))
    throw new FlamingoError("INVALID_PIPELINE", `${file} has no Flamingo whose parts could be replaced`, {
      source: file,
      fix: "leave --language and --vision out, or take the template own-images",
    });
  return parsePipeline({ ...pipeline, nodes: Object.fromEntries(nodes) }, file);
}

function gated(model: ImportedModel, name: string): SlotInput {
  const { block, source } = model;
  if (block.type !== FlamingoLanguageModel.name)
    throw new FlamingoError("INVALID_WEIGHTS", `"${name}" is a ${block.type}, and no language model alone`, {
      source,
      fix: "import the folder of a language model with its tokenizer.json",
    });
  const tokens = requireTokens(model, name);
  const { image, endOfChunk } = openModelTokenizer(tokens).special;
  const newTokens = Math.max(0, Math.max(image, endOfChunk) + 1 - tokens.vocabulary);
  const config = { ...block.config, newTokens, imageToken: image, placement: "first" };
  return { type: block.type, config, weights: name };
}

/** The fields of a Flamingo with this encoder: the block around it gives the encoder its sizes. */
function encoder({ family, block, source }: ImportedModel, name: string) {
  const { imageSize, visualDim, ...config } = (family.forImages?.(block) ?? block).config ?? {};
  if (!findBlock(block.type)?.outputs.features)
    throw new FlamingoError("INVALID_WEIGHTS", `"${name}" is a ${block.type}, and no image encoder`, {
      source,
      fix: "import the folder of an image encoder, such as CLIP",
    });
  return { imageSize, visualDim, visionEncoder: { type: block.type, config, weights: name } };
}
