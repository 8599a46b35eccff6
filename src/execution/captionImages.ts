import { Picture } from "../data/picture.ts";
import { captionGreedily } from "../evaluation/generate.ts";
import type { EventSink } from "./action.ts";
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
  log: EventSink;
}

/** Words at which a caption is cut off. */
const longest = 16;

/**
 * Captions pictures with the trained model of a run folder, or with one that is a file of its own, in their order.
 * @throws FlamingoError CORRUPT_IMAGE, naming the file, or NOT_FOUND if there is no checkpoint
 */
export async function captionImages({ folder, device, images, log }: CaptionImagesOptions): Promise<string[]> {
  if (isModel(folder)) {
    const model = await pretrainedCaptioner(folder, device);
    try {
      return await model.captions(await Promise.all(images.map((file) => Picture.read(file, model.imageSize))));
    } finally {
      model.dispose();
    }
  }
  const { graph, sources } = await restoreRun(folder, device, log);
  try {
    const { captioner, dataset, tokens } = captionTask({ graph, node: captioningNode(graph), sources });
    const pictures = await Promise.all(images.map((file) => Picture.read(file, dataset.imageSize)));
    const all = new Float32Array(pictures.length * pictures[0]!.pixels.length);
    pictures.forEach(({ pixels }, index) => {
      all.set(pixels, index * pixels.length);
    });
    const seen = captioner.look(all, images.length);
    const captions = await captionGreedily(captioner, seen, tokens, longest);
    seen.dispose();
    return captions.map((caption) => dataset.tokenizer.decode(caption));
  } finally {
    graph.weights.dispose();
  }
}
