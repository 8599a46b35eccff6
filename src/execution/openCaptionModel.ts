import { FlamingoError } from "../core/errors.ts";
import type { Bits } from "../core/quantization.ts";
import type { WeightData } from "../core/weight.ts";
import type { TextTokenizer } from "../data/tokenizer.ts";
import { CaptionModel } from "../evaluation/captioning/captionModel.ts";
import { PromptModel } from "../evaluation/promptModel.ts";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import type { RecordSink } from "../runs/record.ts";
import { findTokenizer } from "./findTokenizer.ts";
import { logitsOutput } from "./logitsOutput.ts";
import { prepareModel } from "./prepare.ts";
import { catalog, findSource } from "./registry.ts";

/**
 * Makes a pipeline's model on the device that is open, ready to caption.
 * @param options.models folder of the weights that were imported
 * @param options.quantize bits in which frozen matrices are held
 * @param weights by full name (`resampler.latents`): what was trained; the rest is what the nodes were pretrained with
 * @throws FlamingoError INVALID_PIPELINE if it is none that captions; INVALID_WEIGHTS
 */
export async function openCaptionModel(
  pipeline: Pipeline,
  weights: ReadonlyMap<string, WeightData>,
  origin: string,
  {
    seed = 0,
    log = { append: () => {} },
    models,
    quantize,
  }: { seed?: number; log?: RecordSink; models?: string | undefined; quantize?: Bits | undefined } = {},
): Promise<CaptionModel> {
  const model = await prepareModel(compile(pipeline, catalog), seed, log, { models, quantize });
  try {
    const tokenizerOf = (source: string) => {
      const { type, config } = model.node(source);
      return findSource(type)?.tokenizer?.(config, findTokenizer(models));
    };
    const prompts = PromptModel.at(model, logitsOutput(model), tokenizerOf);
    const { imageSize } = prompts;
    if (imageSize === undefined) {
      const fix = "connect its images to a vision encoder";
      throw new FlamingoError("INVALID_PIPELINE", `"${pipeline.name}" does not tell the size of its images`, { fix });
    }
    model.weights.load(weights, "", origin);
    const tokenizer = tokenizerOf(prompts.source) as TextTokenizer;
    return await CaptionModel.of({ pipeline, imageSize, tokenizer, weights: model.weights, model: prompts });
  } catch (error) {
    model.weights.dispose();
    throw error;
  }
}
