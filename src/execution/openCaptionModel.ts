import { FlamingoError } from "../core/errors.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import type { WeightData } from "../engine/readings/weights.ts";
import { CaptionModel } from "../evaluation/captioning/captionModel.ts";
import { PromptModel } from "../evaluation/promptModel.ts";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import type { RecordSink } from "../runs/record.ts";
import { logitsOutput } from "./logitsOutput.ts";
import { prepareGraph } from "./prepare.ts";
import { catalog, findSource } from "./registry.ts";

/**
 * Makes a pipeline's model on the device that is open, ready to caption.
 * @param weights by full name (`resampler.latents`): what was trained; the rest is what the nodes were pretrained with
 * @throws FlamingoError INVALID_PIPELINE if it is none that captions; INVALID_WEIGHTS
 */
export async function openCaptionModel(
  pipeline: Pipeline,
  weights: ReadonlyMap<string, WeightData>,
  origin: string,
  { seed = 0, log = { append: () => {} } as RecordSink } = {},
): Promise<CaptionModel> {
  const graph = await prepareGraph(compile(pipeline, catalog), seed, log);
  try {
    const tokenizerOf = (source: string) => findSource(graph.node(source).type)?.tokenizer?.();
    const model = PromptModel.at(graph, logitsOutput(graph), tokenizerOf);
    const { imageSize } = model;
    if (imageSize === undefined) {
      const fix = "connect its images to a vision encoder";
      throw new FlamingoError("INVALID_PIPELINE", `"${pipeline.name}" does not tell the size of its images`, { fix });
    }
    graph.weights.load(weights, "", origin);
    const tokenizer = tokenizerOf(model.source) as Tokenizer;
    return await CaptionModel.of({ pipeline, imageSize, tokenizer, weights: graph.weights, model });
  } catch (error) {
    graph.weights.dispose();
    throw error;
  }
}
