import type { Captioner, Seen } from "./captioner.ts";
import type { FramingTokens } from "./prompt.ts";

/**
 * Captions pictures greedily: at each place the likeliest token, until `<|endofchunk|>` or `most` words. Tokens that only
 * frame a text are never said: a second `<image>` would ask for a picture that is not there.
 *
 * @returns the words' ids, picture by picture
 * @see Alayrac et al. 2022, Flamingo, appendix C (greedy decoding for samples), arXiv:2204.14198
 */
export async function captionGreedily(
  captioner: Captioner,
  seen: Seen,
  tokens: FramingTokens,
  most: number,
): Promise<number[][]> {
  const unsayable = new Set([tokens.pad, tokens.bos, tokens.image]);
  const pictures = Array.from({ length: seen.count }, (_, index) => index);
  const captions: number[][] = pictures.map(() => []);
  const open = new Set(pictures);
  for (let word = 0; word < most && open.size > 0; word++) {
    const rows = [...open];
    const length = word + 2;
    const ids = new Int32Array(rows.length * length);
    rows.forEach((picture, row) => {
      ids.set([tokens.bos, tokens.image, ...captions[picture]!], row * length);
    });
    const logits = captioner.logits(seen, rows, ids);
    const width = logits.shape[2]!;
    const numbers = (await logits.data()) as Float32Array;
    logits.dispose();
    rows.forEach((picture, row) => {
      const next = likeliest(numbers, (row * length + length - 1) * width, width, unsayable);
      if (next === tokens.endOfChunk) open.delete(picture);
      else captions[picture]!.push(next);
    });
  }
  return captions;
}

function likeliest(logits: Float32Array, start: number, count: number, unsayable: ReadonlySet<number>): number {
  let best = -1;
  for (let id = 0; id < count; id++)
    if (!unsayable.has(id) && (best < 0 || logits[start + id]! > logits[start + best]!)) best = id;
  return best;
}
