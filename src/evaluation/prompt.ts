/** Ids of the tokens that frame a caption. */
export interface FramingTokens {
  pad: number;
  bos: number;
  image: number;
  endOfChunk: number;
}

/** The position at which a caption's first word is predicted: after `<bos><image>`. */
export const captionStart = 1;

/** A caption's tokens, framed: `<bos><image> words <|endofchunk|>`, padded to `length`. */
export function framed(words: readonly number[], length: number, tokens: FramingTokens): Int32Array {
  const ids = new Int32Array(length).fill(tokens.pad);
  ids.set([tokens.bos, tokens.image, ...words, tokens.endOfChunk].slice(0, length));
  return ids;
}

/** What is scored in a framed caption: its words, not the end of the chunk; -100 elsewhere. */
export function wordTargets(words: readonly number[], length: number): Int32Array {
  const targets = new Int32Array(length).fill(-100);
  words.forEach((word, index) => {
    if (captionStart + index < length) targets[captionStart + index] = word;
  });
  return targets;
}
