import type { AttentionFrame, AttentionImage } from "../channels/attention.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import type { Seen } from "../evaluation/captioner.ts";
import { type FramingTokens, framed } from "../evaluation/prompt.ts";
import { type AttentionWatch, rollOut } from "../inspection/attention.ts";
import type { PlacedBlock } from "../inspection/placedBlocks.ts";
import type { Graph } from "./graph.ts";
import type { GraphCaptioner } from "./graphCaptioner.ts";

/** A model that captions, with its words. */
export interface WatchedModel {
  graph: Graph;
  captioner: GraphCaptioner;
  tokenizer: Tokenizer;
  tokens: FramingTokens;
}

/**
 * What each word of each picture's caption looks at; undefined without a resampler, gated layers or a square grid of
 * features.
 * @param watch watched while the pictures were looked at
 * @param captions ids of the words, picture by picture
 */
export async function captionAttention(
  { graph, captioner, tokenizer, tokens }: WatchedModel,
  watch: AttentionWatch,
  seen: Seen,
  captions: readonly (readonly number[])[],
  labels: readonly string[],
): Promise<Omit<AttentionFrame, "step"> | undefined> {
  const length = Math.max(...captions.map((caption) => caption.length)) + 3;
  const rows = captions.map((caption) => framed(caption, length, tokens));
  const ids = new Int32Array(rows.length * length);
  rows.forEach((row, index) => {
    ids.set(row, index * length);
  });
  const pictures = captions.map((_, index) => index);
  graph.watched(watch.probes, () => captioner.logits(seen, pictures, ids)).dispose();
  const cross = await watch.cross();
  const resampler = await watch.resampler();
  const features = (resampler[0]?.weights[0]?.[0]?.length ?? 0) - (resampler[0]?.weights[0]?.length ?? 0);
  const side = Math.floor(Math.sqrt(features));
  // A square grid, with or without a summary behind it: anything else cannot be drawn.
  if (cross.length === 0 || side === 0 || features - side * side > 1) return undefined;
  return {
    layers: cross.map(({ block }) => fusionLayer(block)),
    grid: { rows: side, columns: side },
    images: captions.map((caption, image): AttentionImage => {
      const shown = [...rows[image]!.slice(1, caption.length + 3)];
      return {
        image,
        label: labels[image] ?? "",
        tokens: shown.map((id) => tokenizer.word(id)),
        cross: cross.map(({ weights }) => weights[image]!.slice(1, caption.length + 3).map((row) => row.map(rounded))),
        resampler: rollOut(resampler.map(({ weights }) => weights[image]!)).map((row) =>
          overPatches(row, side * side).map(rounded),
        ),
      };
    }),
  };
}

/** The layer that a cross-attention is part of: the block around it, or the cross-attention itself where it is a node. */
function fusionLayer({ node, path, types }: PlacedBlock): AttentionFrame["layers"][number] {
  const depth = Math.max(0, path.length - 2); // past the attention and the cross-attention that it stands in
  return { node, path: path.slice(0, depth), type: types[depth]! };
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
