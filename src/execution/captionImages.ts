import { FlamingoError } from "../core/errors.ts";
import { decodeImage, toUnit } from "../data/image.ts";
import { captionGreedily } from "../evaluation/generate.ts";
import type { EventSink } from "./action.ts";
import { captionTask } from "./captionTask.ts";
import { captioningNode } from "./evaluateRun.ts";
import { restoreRun } from "./prepare.ts";

export interface CaptionImagesOptions {
  folder: string;
  device: string;
  /** Paths of pictures. */
  images: readonly string[];
  log: EventSink;
}

/** Words at which a caption is cut off. */
const longest = 16;

/**
 * Captions pictures with the trained model of a run folder, in their order.
 * @throws FlamingoError CORRUPT_IMAGE, naming the file, or NOT_FOUND if there is no checkpoint
 */
export async function captionImages({ folder, device, images, log }: CaptionImagesOptions): Promise<string[]> {
  const { graph, sources } = await restoreRun(folder, device, log);
  try {
    const { captioner, dataset, tokens } = captionTask({ graph, node: captioningNode(graph), sources });
    const pixels = await Promise.all(images.map((file) => readImage(file, dataset.imageSize)));
    const all = new Float32Array(pixels.length * pixels[0]!.length);
    pixels.forEach((each, index) => {
      all.set(each, index * each.length);
    });
    const seen = captioner.look(all, images.length);
    const captions = await captionGreedily(captioner, seen, tokens, longest);
    seen.dispose();
    return captions.map((caption) => dataset.tokenizer.decode(caption));
  } finally {
    graph.weights.dispose();
  }
}

async function readImage(file: string, size: number): Promise<Float32Array> {
  try {
    return toUnit(await decodeImage(file, size));
  } catch (error) {
    throw new FlamingoError("CORRUPT_IMAGE", `${file} cannot be read as an image: ${(error as Error).message}`, {
      source: file,
      fix: "give a .png, .jpg, .webp or .svg file",
    });
  }
}
