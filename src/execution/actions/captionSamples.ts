import { join } from "node:path";
import { z } from "zod";
import { count } from "../../core/block.ts";
import { float32 } from "../../core/port.ts";
import { encodePng } from "../../data/image.ts";
import { captionGreedily } from "../../evaluation/generate.ts";
import { AttentionWatch } from "../../inspection/attention.ts";
import { writeAtomic } from "../../runs/atomicFile.ts";
import { attentionFile, pinnedFile } from "../../runs/folder.ts";
import { type ActionContext, defineAction } from "../action.ts";
import { captionAttention } from "../captionAttention.ts";
import { type CaptionTask, captionTask } from "../captionTask.ts";

const config = z.strictObject({
  every: count("Every", "Steps between two looks.", "steps").default(100),
  pictures: count("Pictures", "How many held-out pictures are looked at.").max(12).default(8),
  longest: count("Longest caption", "Words at which a caption is cut off.", "words").default(8),
});

/**
 * Captions the same held-out pictures again and again while the model is trained, and records what each word looks at.
 *
 * Writes the pictures, the captions, and an attention frame (words over the picture's patches, through the resampler and
 * each gated layer) into the run folder. Shapes: `logits` [batch, length, tokens].
 *
 * @see Abnar and Zuidema 2020 (attention rollout), arXiv:2005.00928
 */
export const CaptionSamples = defineAction({
  name: "CaptionSamples",
  title: "Caption samples",
  category: "Action",
  summary:
    "Captions the same held-out pictures again and again while the model is trained, and records what each word looks at.",
  paper: "arXiv:2005.00928",
  config,
  example: {},
  inputs: { logits: float32("batch length tokens", "scores of each token as the next") },
  stage: "judge",
  observe: async (settings, context) => {
    const task = captionTask(context);
    const pinned = task.dataset.pinned.slice(0, settings.pictures);
    await Promise.all(
      pinned.map(async ({ pixels }, image) =>
        writeAtomic(join(context.folder, pinnedFile(image)), await encodePng(pixels, task.dataset.imageSize)),
      ),
    );
    return { every: settings.every, see: (step) => see(step, task, pinned, settings.longest, context) };
  },
});

type Pinned = CaptionTask["dataset"]["pinned"];

async function see(
  step: number,
  task: CaptionTask,
  pinned: Pinned,
  longest: number,
  context: ActionContext,
): Promise<void> {
  const { captioner, dataset, tokens } = task;
  if (pinned.length === 0) return; // nothing is held out
  const all = new Float32Array(pinned.length * pinned[0]!.pixels.length);
  pinned.forEach(({ pixels }, image) => {
    all.set(pixels, image * pixels.length);
  });
  const watch = new AttentionWatch(context.graph.placedBlocks());
  const seen = context.graph.watched(watch.probes, () => captioner.look(all, pinned.length));
  try {
    const captions = await captionGreedily(captioner, seen, tokens, longest);
    const samples = captions.map((caption, image) => ({
      image,
      label: pinned[image]!.label,
      caption: dataset.tokenizer.decode(caption),
    }));
    context.log.append({ channel: "samples", step, value: samples });
    const model = { graph: context.graph, captioner, tokenizer: dataset.tokenizer, tokens };
    const labels = pinned.map(({ label }) => label);
    const frame = await captionAttention(model, watch, seen, captions, labels);
    if (!frame) return;
    const file = attentionFile(step);
    await writeAtomic(join(context.folder, file), JSON.stringify({ step, ...frame }));
    context.log.append({ channel: "attention", step, value: { file } });
  } finally {
    watch.dispose();
    seen.dispose();
  }
}
