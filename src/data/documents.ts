import { checkMediaCount } from "../core/mediaCount.ts";
import type { SpecialTokens } from "./tokenizer.ts";

/** Where the loss does not count. */
export const ignored = -100;

export interface TokenRows {
  length: number;
  /** [rows, length], padded at the end. */
  ids: Int32Array;
  /** [rows, length]: the token that comes next, or -100 where the loss does not count. */
  targets: Int32Array;
}

export interface DocumentOptions {
  before?: readonly (readonly number[])[];
  asked?: readonly (readonly number[])[];
}

/**
 * Documents in which captions follow their images: `<bos><image> words <|endofchunk|><image> words <|endofchunk|> ...`.
 *
 * The loss counts a caption's words and the end of its chunk, as in OpenFlamingo: not padding, not `<image>`, nothing
 * before the first image, nothing between the end of a chunk and the next image.
 *
 * @param rows for each document, the words' ids of each of its captions
 * @param media images of each document
 * @param options.before for each document, the ids of a text before its first image
 * @param options.asked how many of the first words of each caption the loss does not count: those of a question, say
 * @throws FlamingoError MEDIA_COUNT if a document has another number of captions than images
 * @see OpenFlamingo v2.0.1, train_utils (masking of labels); Alayrac et al. 2022, Flamingo, appendix A.2
 */
export function captionDocuments(
  rows: readonly (readonly (readonly number[])[])[],
  media: number,
  special: SpecialTokens,
  { before, asked }: DocumentOptions = {},
): TokenRows {
  const texts = rows.map((captions, row) => [
    special.bos,
    ...(before?.[row] ?? []),
    ...captions.flatMap((words) => [special.image, ...words, special.endOfChunk]),
  ]);
  const length = Math.max(...texts.map((text) => text.length));
  const ids = new Int32Array(rows.length * length).fill(special.pad);
  texts.forEach((text, row) => {
    ids.set(text, row * length);
  });
  checkMediaCount(
    ids.map((id) => (id === special.image ? 1 : 0)),
    length,
    media,
  );
  const targets = maskedTargets(ids, length, special);
  for (const [row, counts] of (asked ?? []).entries()) {
    let at = row * length + 1 + (before?.[row]?.length ?? 0);
    for (const [place, count] of counts.entries()) {
      targets.fill(ignored, at, at + count); // from the <image> on, for the word after it
      at += rows[row]![place]!.length + 2;
    }
  }
  return { length, ids, targets };
}

/** The next token at each place, where it counts. */
export function maskedTargets(ids: Int32Array, length: number, special: SpecialTokens): Int32Array {
  const targets = new Int32Array(ids.length).fill(ignored);
  for (let start = 0; start < ids.length; start += length) {
    let within = false;
    for (let at = start; at < start + length - 1; at++) {
      if (ids[at] === special.image) within = true;
      else if (ids[at] === special.endOfChunk) within = false;
      const next = ids[at + 1]!;
      if (within && next !== special.pad && next !== special.image) targets[at] = next;
    }
  }
  return targets;
}

/** Texts one after the other, cut into rows of `length`: `<bos> words <eos><bos> words ...`; every next token counts. */
export function packedTexts(
  next: () => readonly number[],
  rows: number,
  length: number,
  special: SpecialTokens,
): TokenRows {
  const ids = new Int32Array(rows * length);
  const targets = new Int32Array(rows * length);
  for (let row = 0; row < rows; row++) {
    const stream: number[] = [];
    while (stream.length <= length) stream.push(special.bos, ...next(), special.eos);
    ids.set(stream.slice(0, length), row * length);
    targets.set(
      stream.slice(1, length + 1).map((id) => (id === special.bos ? ignored : id)),
      row * length,
    );
  }
  return { length, ids, targets };
}
