import { FlamingoError } from "../core/errors.ts";
import { Picture } from "../data/picture.ts";
import { captionGreedily } from "../evaluation/generate.ts";
import type { RecordSink } from "../runs/record.ts";
import { captionTask } from "./captionTask.ts";
import { captioningNode } from "./evaluateRun.ts";
import { isModel, pretrainedCaptioner } from "./modelFile.ts";
import { restoreRun } from "./prepare.ts";

export interface CaptionImagesOptions {
  /** A run's folder, or the name or file of a trained model. */
  folder: string;
  device: string;
  /** Paths of pictures. */
  images: readonly string[];
  log: RecordSink;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
}

/** Words at which a caption is cut off. */
const longest = 16;

/**
 * Captions pictures with the trained model of a run folder, or with one that is a file of its own.
 * @returns in their order, for each picture its caption, or why it cannot be read: NOT_FOUND or CORRUPT_IMAGE
 * @throws FlamingoError NOT_FOUND if there is no checkpoint
 */
export async function captionImages(options: CaptionImagesOptions): Promise<(string | FlamingoError)[]> {
  const { folder, device, images, log, cache } = options;
  if (isModel(folder)) {
    const model = await pretrainedCaptioner(folder, device);
    try {
      return await captionReadable(images, model.imageSize, (pictures) => model.captions(pictures));
    } finally {
      model.dispose();
    }
  }
  const { graph, sources } = await restoreRun(folder, { device, log, cache });
  try {
    const { captioner, dataset, tokens } = captionTask({ graph, node: captioningNode(graph), sources });
    return await captionReadable(images, dataset.imageSize, async (pictures) => {
      const all = new Float32Array(pictures.length * pictures[0]!.pixels.length);
      pictures.forEach(({ pixels }, index) => {
        all.set(pixels, index * pixels.length);
      });
      const seen = captioner.look(all, pictures.length);
      const captions = await captionGreedily(captioner, seen, tokens, longest);
      seen.dispose();
      return captions.map((caption) => dataset.tokenizer.decode(caption));
    });
  } finally {
    graph.weights.dispose();
  }
}

/** One picture that cannot be read keeps none of the others from being captioned. */
async function captionReadable(
  images: readonly string[],
  size: number,
  caption: (pictures: Picture[]) => Promise<string[]>,
): Promise<(string | FlamingoError)[]> {
  const read = await Promise.all(images.map((file) => Picture.read(file, size).catch(keepOurs)));
  const pictures = read.filter((each) => each instanceof Picture);
  const captions = pictures.length > 0 ? await caption(pictures) : [];
  return read.map((each) => (each instanceof Picture ? captions[pictures.indexOf(each)]! : each));
}

function keepOurs(error: unknown): FlamingoError {
  if (error instanceof FlamingoError) return error;
  throw error;
}
