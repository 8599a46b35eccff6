import { join } from "node:path";
import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32 } from "../../core/port.ts";
import type { Example } from "../../data/evaluationSet.ts";
import type { Media } from "../../data/media.ts";
import { encodePng } from "../../data/pixels.ts";
import { captionAttention } from "../../evaluation/captioning/captionAttention.ts";
import { captionLens } from "../../evaluation/captioning/captionLens.ts";
import { documentAttention } from "../../evaluation/captioning/documentAttention.ts";
import { hasLens } from "../../evaluation/logitLens.ts";
import { labelOf } from "../../evaluation/promptTemplate.ts";
import { writeAtomic } from "../../files/writeAtomic.ts";
import { AttentionWatch } from "../../inspection/attention.ts";
import { attentionFile, pinnedFile } from "../../runs/folder.ts";
import { type ActionContext, defineAction } from "../action.ts";
import { promptModel } from "./promptModel.ts";

const config = z.strictObject({
  every: count("Every", "Steps between two captionings.", "steps").default(100),
  images: count("Images", "How many held-out images are captioned.").max(12).default(8),
  longest: count("Longest caption", "Tokens at which a caption is cut off.", "tokens").default(8),
});

/** A table of three images is still read at a glance. */
const mostTogether = 3;

/**
 * Captions the same held-out images again and again while the model is trained, and records what each token attends to.
 *
 * Writes the images, the captions, the logit lens of their labels, and an attention frame (tokens over the image's patches, through the
 * resampler and each gated layer; and how the first images and labels are read as one document) into the run folder. Shapes: `logits`
 * [batch, length, tokens].
 *
 * @see Abnar and Zuidema 2020 (attention rollout), arXiv:2005.00928
 */
export const CaptionSamples = defineAction({
  name: "CaptionSamples",
  title: "Caption samples",
  category: "Action",
  summary:
    "Captions the same held-out images again and again while the model is trained, and records what each token attends to.",
  paper: "arXiv:2005.00928",
  config,
  example: {},
  inputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  stage: "evaluate",
  observe: async (settings, context) => {
    const { source } = promptModel(context);
    const samples = (context.sources.get(source)?.samples ?? []).slice(0, settings.images);
    await Promise.all(samples.map(({ media: [image] }, index) => writePinned(context.folder, index, image!)));
    return { every: settings.every, see: (step) => see(step, samples, settings.longest, context) };
  },
});

/** Writes a pinned image, or each frame of a video. */
async function writePinned(folder: string, index: number, { pixels, frames, size }: Media): Promise<void> {
  const each = size * size * 3;
  for (let frame = 0; frame < frames; frame++)
    await writeAtomic(
      join(folder, pinnedFile(index, frame)),
      await encodePng(pixels.subarray(frame * each, (frame + 1) * each), size),
    );
}

/** How many of the pinned images are read as one document: no more than the model has learnt to read together. */
function documentLength({ model }: ActionContext, source: string, images: number): number {
  const media = model.node(source).outputs.images?.[1];
  return Math.min(mostTogether, images, typeof media === "number" ? media : mostTogether);
}

async function see(step: number, samples: readonly Example[], longest: number, context: ActionContext): Promise<void> {
  if (samples.length === 0) return; // nothing is held out
  const model = promptModel(context);
  const watch = new AttentionWatch(model.blocks);
  try {
    const images = samples.map(({ media }) => media[0]!);
    model.encode(images, watch.probes);
    const captions = await model.generate(
      images.map((image) => [image]),
      { most: longest },
    );
    const labels = samples.map(labelOf);
    const written = captions.map(({ text }, image) => ({ image, label: labels[image]!, caption: text }));
    context.log.append({ channel: "samples", step, value: written });
    if (hasLens(model)) context.log.append({ channel: "lens", step, value: await captionLens(model, images, labels) });
    const tokens = captions.map((caption) => caption.tokens);
    const frame = await captionAttention(model, watch, images, tokens, labels);
    if (!frame) return;
    const together = documentLength(context, model.source, images.length);
    const document =
      together > 1 ? await documentAttention(model, images.slice(0, together), labels.slice(0, together)) : undefined;
    const file = attentionFile(step);
    await writeAtomic(
      join(context.folder, file),
      JSON.stringify({ step, ...frame, ...(document ? { document } : {}) }),
    );
    context.log.append({ channel: "attention", step, value: { file } });
  } finally {
    watch.dispose();
    model.release();
  }
}
