import { FlamingoError } from "../core/errors.ts";
import type { ImageTextDataset } from "../data/dataset.ts";
import type { FramingTokens } from "../evaluation/prompt.ts";
import type { ActionContext } from "./action.ts";
import { GraphCaptioner } from "./graphCaptioner.ts";

/** A model that captions, with the data that it is looked at and judged with. */
export interface CaptionTask {
  captioner: GraphCaptioner;
  dataset: ImageTextDataset;
  tokens: FramingTokens;
  /** Id of the source. */
  source: string;
}

/**
 * Finds the source of pictures and words behind an action's `logits`.
 * @throws FlamingoError INVALID_PIPELINE if there is none
 */
export function captionTask({ graph, node, sources }: Pick<ActionContext, "graph" | "node" | "sources">): CaptionTask {
  const from = node.inputs.logits!;
  for (const { id } of graph.sourcesOf(node.id)) {
    const dataset = sources.get(id)?.dataset;
    if (!dataset) continue;
    const { pad, bos, image, endOfChunk } = dataset.tokenizer.special;
    const captioner = new GraphCaptioner(graph, from.node, id, dataset.imageSize);
    return { captioner, dataset, tokens: { pad, bos, image, endOfChunk }, source: id };
  }
  throw new FlamingoError(
    "INVALID_PIPELINE",
    `the logits that "${node.label}" reads come from no source of pictures and words`,
    {
      block: node.id,
      fix: "wire them to a model that reads Emoji documents or an image folder",
    },
  );
}
