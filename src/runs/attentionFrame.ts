/**
 * What the pinned pictures' words look at, at one step: the content of `attention-<step>.json` in a run folder.
 *
 * A word's attention over the picture is `cross · resampler`: how much a gated layer looks at each latent, times how
 * much that latent looked at each patch (attention rollout through the resampler's layers). Values are shares that
 * sum to 1 over the last axis.
 */
export interface AttentionFrame {
  step: number;
  /** Names of the gated layers, from the first to the last. */
  layers: string[];
  /** Patches of the vision encoder's grid. */
  grid: { rows: number; columns: number };
  pictures: AttentionPicture[];
}

export interface AttentionPicture {
  /** Index among the pinned pictures. */
  image: number;
  label: string;
  /** The words, one for each row of `cross`: the caption that was read, token by token. */
  words: string[];
  /** [layers][words][latents], mean over heads. */
  cross: number[][][];
  /** [latents][patches]. */
  resampler: number[][];
}

/** How much a word looks at each patch in a layer, [patches]: `cross[layer][word] · resampler`. */
export function patchAttention(picture: AttentionPicture, layer: number, word: number): number[] {
  const overLatents = picture.cross[layer]?.[word] ?? [];
  const patches = picture.resampler[0]?.length ?? 0;
  const result = new Array<number>(patches).fill(0);
  overLatents.forEach((share, latent) => {
    picture.resampler[latent]?.forEach((part, patch) => {
      result[patch]! += share * part;
    });
  });
  return result;
}
