import type { AttentionFrame, AttentionImage } from "../../channels/attention.ts";
import type { Media } from "../../data/media.ts";
import { type AttentionWatch, rollOut } from "../../inspection/attention.ts";
import { gateOf } from "../../inspection/gates.ts";
import type { PlacedBlock } from "../../inspection/placedBlocks.ts";
import type { PromptModel } from "../promptModel.ts";

/**
 * What each token of each image's caption attends to; undefined without a resampler, gated layers or a square grid of
 * features in each frame.
 * @param watch watched while the images were encoded
 * @param captions token ids, image by image
 * @param gates tanh of gates that are not at their own value, by name
 */
export async function captionAttention(
  model: PromptModel,
  watch: AttentionWatch,
  images: readonly Media[],
  captions: readonly (readonly number[])[],
  labels: readonly string[],
  gates: Readonly<Record<string, number>> = {},
): Promise<Omit<AttentionFrame, "step" | "document"> | undefined> {
  const prompts = images.map((image, index) => [image, captions[index]!]);
  (await model.logits(prompts, { closed: true, probes: watch.probes })).dispose();
  const cross = await watch.cross();
  const resampler = await watch.resampler();
  const { frames } = images[0]!;
  const features = ((resampler[0]?.weights[0]?.[0]?.length ?? 0) - (resampler[0]?.weights[0]?.length ?? 0)) / frames;
  const side = Math.floor(Math.sqrt(features));
  // A square grid, with or without one feature of the whole image after it: anything else cannot be drawn.
  if (cross.length === 0 || side === 0 || features - side * side > 1) return undefined;
  const { image: tag, endOfChunk } = model.tokenizer.special;
  const patchesOf = (image: number, residual: number) => {
    const layers = resampler.map(({ weights }) => weights[image]!);
    return rollOut(layers, residual).map((row) => overPatches(row, frames, side * side).map(rounded));
  };
  return {
    layers: await Promise.all(cross.map(({ block }) => fusionLayer(block, model, gates))),
    grid: { rows: side, columns: side },
    images: captions.map((caption, image): AttentionImage => {
      return {
        image,
        label: labels[image] ?? "",
        tokens: [tag, ...caption, endOfChunk].map((id) => model.tokenizer.word(id)),
        cross: cross.map(({ weights }) => rowsOf(weights[image]!, caption.length)),
        heads: cross.map(({ heads }) => heads[image]!.map((head) => rowsOf(head, caption.length))),
        resampler: patchesOf(image, 0.5),
        product: patchesOf(image, 0),
        ...(frames > 1 ? { frames } : {}),
      };
    }),
  };
}

/** The rows of the `<image>` tag, of a caption's tokens and of the end of the chunk; the beginning of the text is before them. */
function rowsOf(rows: readonly (readonly number[])[], length: number): number[][] {
  return rows.slice(1, length + 3).map((row) => row.map(rounded));
}

/**
 * The layer that a cross-attention is part of: the block around it, or the cross-attention itself where it is a node. With the
 * gate that the cross-attention's output passes.
 */
async function fusionLayer(
  { node, path, types }: PlacedBlock,
  model: PromptModel,
  gates: Readonly<Record<string, number>>,
): Promise<AttentionFrame["layers"][number]> {
  const depth = Math.max(0, path.length - 2); // past the attention and the cross-attention that it stands in
  const crossAttention = { node, path: path.slice(0, -1), types: types.slice(0, -1) };
  const gate = gateOf(crossAttention, model.weights.all(), model.blocks);
  const [weight] = gate ? await gate.variable.data() : [];
  const layer = { node, path: path.slice(0, depth), type: types[depth]! };
  return weight === undefined ? layer : { ...layer, gate: gates[gate!.name] ?? Math.tanh(weight) };
}

/** Features of a frame past its grid sum up all of it (the encoder's mean): their share belongs to every patch of the frame alike. */
function overPatches(shares: readonly number[], frames: number, patches: number): number[] {
  const features = shares.length / frames;
  return Array.from({ length: frames }, (_, frame) => {
    const own = shares.slice(frame * features, (frame + 1) * features);
    const everywhere = own.slice(patches).reduce((sum, share) => sum + share, 0) / patches;
    return own.slice(0, patches).map((share) => share + everywhere);
  }).flat();
}

/** Four digits are more than a colour shows, and keep a frame small. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
