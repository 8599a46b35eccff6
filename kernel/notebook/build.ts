import type { z } from "zod";
import type { BlockDefinition } from "../../src/core/block.ts";
import type { Ports } from "../../src/core/port.ts";
import type { CaptionModel } from "../../src/evaluation/captioning/captionModel.ts";
import { pretrainedCaptioner as open } from "../../src/execution/modelFile.ts";
import { type BuildOptions, type Built, build as buildBlock } from "../../src/models/build.ts";
import { notebookDevice } from "./device.ts";

/**
 * Makes a block with weights of its own on the notebook's device, ready to be called on tensors.
 *
 * @example
 * const attend = await flamingo.build(flamingo.GatedXattnDense, { dim: 16, visualDim: 8, heads: 2, headDim: 4 });
 * const seen = attend({ text, media, locations }); // [B, L, 16]
 * @throws FlamingoError INVALID_CONFIG, naming the field; DEVICE_UNAVAILABLE
 */
export async function build<C extends z.ZodObject, I extends Ports, O extends Ports>(
  block: BlockDefinition<C, I, O>,
  config: z.input<C>,
  options?: BuildOptions,
): Promise<Built<C, I, O>> {
  await notebookDevice();
  return buildBlock(block, config, options);
}

/**
 * Opens a trained model, ready to caption: without a name the tiny Flamingo that comes with the studio.
 *
 * @param name of a model that comes with the studio, or a file that `run.saveModel` wrote
 * @example
 * const model = await flamingo.pretrainedCaptioner();
 * await model.caption(await flamingo.drawing("umbrella")); // "umbrella"
 * @throws FlamingoError NOT_FOUND, INVALID_WEIGHTS, DEVICE_UNAVAILABLE
 */
export async function pretrainedCaptioner(name?: string): Promise<CaptionModel> {
  await notebookDevice();
  return open(name);
}
