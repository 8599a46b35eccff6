import { join } from "node:path";
import { z } from "zod";
import { count } from "../../core/block.ts";
import { float32 } from "../../core/port.ts";
import { encodePng } from "../../data/image.ts";
import type { Seen } from "../../evaluation/captioner.ts";
import { captionGreedily } from "../../evaluation/generate.ts";
import { framed } from "../../evaluation/prompt.ts";
import { AttentionWatch, rollOut } from "../../inspection/attention.ts";
import { writeAtomic } from "../../runs/atomicFile.ts";
import type { AttentionFrame, AttentionPicture } from "../../runs/attentionFrame.ts";
import { attentionFile, pinnedFile } from "../../runs/folder.ts";
import { type ActionContext, defineAction } from "../action.ts";
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
  const watch = new AttentionWatch();
  const seen = context.graph.watched(watch.probes, () => captioner.look(all, pinned.length));
  try {
    const captions = await captionGreedily(captioner, seen, tokens, longest);
    const samples = captions.map((caption, image) => ({
      image,
      label: pinned[image]!.label,
      caption: dataset.tokenizer.decode(caption),
    }));
    context.log.append({ type: "inspect:samples", step, samples });
    const frame = await attentionFrame(step, task, watch, seen, captions, pinned, context);
    if (!frame) return;
    const file = attentionFile(step);
    await writeAtomic(join(context.folder, file), JSON.stringify(frame));
    context.log.append({ type: "inspect:attention", step, file });
  } finally {
    watch.dispose();
    seen.dispose();
  }
}

/** What each word of each caption looked at; undefined without a resampler, gated layers or a square grid of features. */
async function attentionFrame(
  step: number,
  { captioner, dataset, tokens }: CaptionTask,
  watch: AttentionWatch,
  seen: Seen,
  captions: number[][],
  pinned: Pinned,
  context: ActionContext,
): Promise<AttentionFrame | undefined> {
  const length = Math.max(...captions.map((caption) => caption.length)) + 3;
  const rows = captions.map((caption) => framed(caption, length, tokens));
  const ids = new Int32Array(rows.length * length);
  rows.forEach((row, index) => {
    ids.set(row, index * length);
  });
  const pictures = captions.map((_, index) => index);
  context.graph.watched(watch.probes, () => captioner.logits(seen, pictures, ids)).dispose();
  const cross = await watch.cross();
  const resampler = await watch.resampler();
  const features = (resampler[0]?.shares[0]?.[0]?.length ?? 0) - (resampler[0]?.shares[0]?.length ?? 0);
  const side = Math.floor(Math.sqrt(features));
  // A square grid, with or without a summary behind it: anything else cannot be drawn.
  if (cross.length === 0 || side === 0 || features - side * side > 1) return undefined;
  const layers = cross.map(({ path }) => path.replace(/\.attn\.attend$/, ""));
  return {
    step,
    layers,
    grid: { rows: side, columns: side },
    pictures: captions.map((caption, image): AttentionPicture => {
      const shown = [...rows[image]!.slice(1, caption.length + 3)];
      return {
        image,
        label: pinned[image]!.label,
        words: shown.map((id) => dataset.tokenizer.word(id)),
        cross: cross.map(({ shares }) => shares[image]!.slice(1, caption.length + 3).map((row) => row.map(rounded))),
        resampler: rollOut(resampler.map(({ shares }) => shares[image]!)).map((row) =>
          overPatches(row, side * side).map(rounded),
        ),
      };
    }),
  };
}

/** Features past the grid sum up all of it (the encoder's mean): their share belongs to every patch alike. */
function overPatches(shares: readonly number[], patches: number): number[] {
  const everywhere = shares.slice(patches).reduce((sum, share) => sum + share, 0) / patches;
  return shares.slice(0, patches).map((share) => share + everywhere);
}

/** Four digits are more than a colour shows, and keep a frame small. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
