import { existsSync } from "node:fs";
import { FlamingoError } from "../core/errors.ts";
import type { Bits } from "../core/quantization.ts";
import type { WeightData } from "../core/weight.ts";
import { openDevice } from "../engine/devices/device.ts";
import type { CaptionModel } from "../evaluation/captioning/captionModel.ts";
import { type Pipeline, readPipeline, writePipeline } from "../pipeline/schema.ts";
import { loadWeights, saveWeights } from "../weights/file.ts";
import { pretrainedFile, pretrainedNames } from "../weights/pretrained.ts";
import { floatTensors } from "../weights/storedTensor.ts";
import { openCaptionModel } from "./openCaptionModel.ts";

/**
 * A trained model as one file: safetensors with what was trained, in half precision, by full names
 * (`resampler.latents`), and in its metadata the pipeline, which names what its frozen parts were pretrained with.
 */
export interface ModelFile {
  pipeline: Pipeline;
  /** From which whatever is neither trained nor pretrained starts anew. */
  seed: number;
  weights: Map<string, WeightData>;
  metadata: Readonly<Record<string, string>>;
}

/** The trained model that comes with the studio. */
export const pretrainedModel = "emoji-captions";

/** Writes a trained model. @throws FlamingoError INVALID_WEIGHTS; the system's own error where the disk refuses */
export async function saveModel(
  file: string,
  pipeline: Pipeline,
  weights: ReadonlyMap<string, WeightData>,
  metadata: Readonly<Record<string, string>> & { seed: string },
): Promise<void> {
  const tensors = [...weights].map(([name, data]) => [name, { dtype: "F16" as const, ...data }] as const);
  const definition = JSON.stringify(JSON.parse(writePipeline(pipeline)));
  await saveWeights(file, tensors, { ...metadata, pipeline: pipeline.name, definition });
}

/**
 * Reads a trained model by the name of one that comes with the studio, or from a file.
 * @throws FlamingoError NOT_FOUND, INVALID_WEIGHTS if the file holds no pipeline
 */
export async function readModel(name: string): Promise<ModelFile> {
  if (!isModel(name)) {
    const fix = `use ${pretrainedModel}, or a file that a run's model was saved to`;
    throw new FlamingoError("NOT_FOUND", `there is no trained model "${name}"`, { actual: name, fix });
  }
  const file = pretrainedNames().includes(name) ? pretrainedFile(name) : name;
  const { tensors, metadata } = await loadWeights(file);
  if (metadata.definition === undefined) {
    const fix = `use ${pretrainedModel}, or a file that a run's model was saved to`;
    throw new FlamingoError("INVALID_WEIGHTS", `${name} holds weights and no pipeline`, { source: file, fix });
  }
  const seed = Number(metadata.seed ?? 0);
  return { pipeline: readPipeline(metadata.definition, file), seed, weights: floatTensors({ tensors }), metadata };
}

/** Whether a name is that of a trained model: one that comes with the studio, or a file of weights. */
export function isModel(name: string): boolean {
  return pretrainedNames().includes(name) || (name.endsWith(".safetensors") && existsSync(name));
}

/**
 * Opens a trained model, ready to caption: without a name the tiny Flamingo that comes with the studio.
 *
 * @example
 * const model = await pretrainedCaptioner();
 * await model.caption(await drawing("umbrella")); // "umbrella"
 * @param options.models folder of the weights that were imported
 * @param options.quantize bits in which frozen matrices are held
 * @throws FlamingoError NOT_FOUND, INVALID_WEIGHTS, DEVICE_UNAVAILABLE
 */
export async function pretrainedCaptioner(
  name: string = pretrainedModel,
  device?: string,
  { models, quantize }: { models?: string | undefined; quantize?: Bits | undefined } = {},
): Promise<CaptionModel> {
  const { pipeline, weights, seed } = await readModel(name);
  if (device !== undefined) await openDevice(device as Parameters<typeof openDevice>[0]);
  return openCaptionModel(pipeline, weights, name, { seed, models, quantize });
}
