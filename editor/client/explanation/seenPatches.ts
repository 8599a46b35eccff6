import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";

/** Rows of numbers over the patches of an image, as a frame whose tokens are the rows: maps of attention draw it. */
export function rowsOverPatches(
  frame: AttentionFrame,
  image: AttentionImage,
  rows: readonly (readonly number[])[],
): { frame: AttentionFrame; image: AttentionImage } {
  const own = rows.map((_, row) => rows.map((_, other) => (row === other ? 1 : 0)));
  const { image: number, label, frames } = image;
  const shown: AttentionImage = {
    ...{ image: number, label, tokens: rows.map((_, row) => String(row + 1)), cross: [own] },
    resampler: rows.map((row) => [...row]),
    ...(frames === undefined ? {} : { frames }),
  };
  return { frame: { ...frame, layers: frame.layers.slice(0, 1), images: [shown] }, image: shown };
}

/** The norms of the features in the patches of each frame; a feature of the whole image after them is left out. */
export function patchNorms(norms: readonly number[], { rows, columns }: AttentionFrame["grid"], frames = 1): number[] {
  const features = norms.length / frames;
  return Array.from({ length: frames }, (_, frame) =>
    norms.slice(frame * features, frame * features + rows * columns),
  ).flat();
}
