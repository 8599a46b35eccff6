import { FlamingoError } from "../core/errors.ts";
import type { Bits } from "../core/quantization.ts";
import { Image } from "../data/image.ts";
import { openDevice } from "../engine/devices/device.ts";
import type { CaptionModel } from "../evaluation/captioning/captionModel.ts";
import { readRun } from "../runs/folder.ts";
import type { RecordSink } from "../runs/record.ts";
import { isModel, pretrainedCaptioner } from "./modelFile.ts";
import { openCaptionModel } from "./openCaptionModel.ts";
import { lastCheckpoint } from "./prepare.ts";

export interface CaptionImagesOptions {
  /** A run's folder, or the name or file of a trained model. */
  folder: string;
  device: string;
  /** Paths of image files. */
  images: readonly string[];
  /** Folder of the weights that were imported; none without it. */
  models?: string;
  /** Bits in which frozen matrices are held; as they were imported without it. */
  quantize?: Bits | undefined;
  log: RecordSink;
}

/**
 * Captions images with the trained model of a run folder, or with one that is a file of its own.
 * @returns in their order, for each image its caption, or why it cannot be read: NOT_FOUND or CORRUPT_IMAGE
 * @throws FlamingoError NOT_FOUND if there is no checkpoint
 */
export async function captionImages(options: CaptionImagesOptions): Promise<(string | FlamingoError)[]> {
  const { folder, device, images } = options;
  const model = isModel(folder) ? await pretrainedCaptioner(folder, device, options) : await runModel(options);
  try {
    return await captionReadable(images, model);
  } finally {
    model.dispose();
  }
}

async function runModel({ folder, device, log, models, quantize }: CaptionImagesOptions): Promise<CaptionModel> {
  const { pipeline, seed } = await readRun(folder);
  const { path, checkpoint } = await lastCheckpoint(folder, log);
  await openDevice(device as Parameters<typeof openDevice>[0]);
  return openCaptionModel(pipeline, checkpoint.weights, path, { seed, log, models, quantize });
}

/** An image that cannot be read keeps none of the others from being captioned. */
async function captionReadable(files: readonly string[], model: CaptionModel): Promise<(string | FlamingoError)[]> {
  const read = await Promise.all(files.map((file) => Image.read(file, model.imageSize).catch(keepOurs)));
  const images = read.filter((each) => each instanceof Image);
  const captions = await model.captions(images);
  return read.map((each) => (each instanceof Image ? captions[images.indexOf(each)]! : each));
}

function keepOurs(error: unknown): FlamingoError {
  if (error instanceof FlamingoError) return error;
  throw error;
}
