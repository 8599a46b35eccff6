import type { Media } from "../data/media.ts";
import type { TextTokenizer } from "../data/tokenizer.ts";

/** A text, or the ids of its tokens. */
export type Text = string | readonly number[];

/**
 * Images, videos and texts, in order, that a model continues. Each text is the text of a chunk: the images before it belong
 * to it, and `<|endofchunk|>` ends it where anything follows.
 *
 * @example
 * const prompt: Prompt = [cat, "Output: a cat", dog, "Output:"];
 * // <bos><image>Output: a cat<|endofchunk|><image>Output:
 * @see Alayrac et al. 2022, Flamingo, section 2.4 and appendix C, arXiv:2204.14198
 */
export type Prompt = readonly (Media | Text)[];

/** A prompt as a model reads it: one `<image>` token for each of the media. */
export interface PromptTokens {
  ids: number[];
  media: Media[];
}

/** What turns text into token ids and back. */
export type PromptTokenizer = Pick<TextTokenizer, "encode" | "decode" | "word" | "special" | "pretrained">;

/** @param closed ends the last chunk too */
export function promptTokens(prompt: Prompt, tokenizer: PromptTokenizer, closed = false): PromptTokens {
  const { bos, image, endOfChunk } = tokenizer.special;
  const ids = [bos];
  const media: Media[] = [];
  prompt.forEach((item, index) => {
    if (isMedia(item)) {
      ids.push(image);
      media.push(item);
      return;
    }
    for (const id of textTokens(item, tokenizer)) ids.push(id);
    if (closed || index < prompt.length - 1) ids.push(endOfChunk);
  });
  return { ids, media };
}

export function textTokens(text: Text, tokenizer: Pick<PromptTokenizer, "encode">): readonly number[] {
  return typeof text === "string" ? tokenizer.encode(text) : text;
}

export function isMedia(item: Media | Text): item is Media {
  return typeof item === "object" && "pixels" in item;
}

/** Rows of one length, filled with `filler` at the end, or at the beginning: where a text goes on, its end must stand last. */
export function padRows(rows: readonly (readonly number[])[], filler: number, side: "start" | "end"): Int32Array {
  const length = Math.max(0, ...rows.map((row) => row.length));
  const all = new Int32Array(rows.length * length).fill(filler);
  rows.forEach((row, index) => {
    all.set(row, index * length + (side === "start" ? length - row.length : 0));
  });
  return all;
}
