import type { CaptionExample } from "../../src/data/captionExample.ts";
import { Tokenizer } from "../../src/data/tokenizer.ts";
import { tensor } from "../../src/engine/tensor.ts";
import type { Captioner, Seen } from "../../src/evaluation/captioner.ts";
import { WholeText } from "../../src/evaluation/continuation.ts";
import type { FramingTokens } from "../../src/evaluation/prompt.ts";

export const words = new Tokenizer(["a", "big", "cat", "dog", "red", "house", "sky", "tree", "sun"]);
export const tokens: FramingTokens = words.special;
const width = words.pretrained + 2;
const nouns = ["cat", "dog", "house", "sky", "tree", "sun"];

/** Pictures whose only pixel is the number of their label. */
export const labels = nouns.flatMap((noun) => [noun, `big ${noun}`, `a red ${noun}`]).map((text) => words.encode(text));

export function examples(count = labels.length): CaptionExample[] {
  return Array.from({ length: count }, (_, index) => {
    const label = labels[index]!;
    const others = labels.filter((each) => each !== label).slice(0, 5);
    const answer = index % 6;
    return {
      pixels: Float32Array.of(index),
      label,
      subgroup: String(label.at(-1)),
      candidates: [...others.slice(0, answer), label, ...others.slice(answer)],
      answer,
    };
  });
}

/** What a made-up model says: the logit of each token, given the picture's label and the text so far. */
export type Opinion = (label: readonly number[] | undefined, text: readonly number[], token: number) => number;

/** Says what is on the picture, word by word, then that it is done. */
export const knowing: Opinion = (label, text, token) => {
  if (!label) return 0;
  const next = label[text.length - 2] ?? tokens.endOfChunk; // after <bos><image>
  return token === next ? 20 : 0;
};

/** A model made of an opinion. It remembers which pictures it was shown, and how long its texts were. */
export class MadeUpCaptioner implements Captioner {
  readonly looks: number[][] = [];
  readonly lengths: number[] = [];
  readonly #opinion: Opinion;

  constructor(opinion: Opinion) {
    this.#opinion = opinion;
  }

  look(pixels: Float32Array, count: number): Seen & { labels: number[] } {
    this.looks.push([...pixels]);
    const held = tensor(pixels, [count]); // as a real model holds what it saw
    return { count, labels: [...pixels], dispose: () => held.dispose() };
  }

  logits(seen: Seen, pictures: readonly number[], ids: Int32Array) {
    const shown = (seen as ReturnType<MadeUpCaptioner["look"]>).labels;
    return this.#score(ids, pictures.length, (row) => labels[shown[pictures[row]!]!]);
  }

  goOn(seen: Seen, pictures: readonly number[]) {
    return new WholeText(pictures.length, (ids) => this.logits(seen, pictures, ids.dataSync() as Int32Array));
  }

  alone(ids: Int32Array, rows: number) {
    return this.#score(ids, rows, () => undefined);
  }

  #score(ids: Int32Array, rows: number, labelOf: (row: number) => readonly number[] | undefined) {
    const length = ids.length / rows;
    this.lengths.push(length);
    const scores = new Float32Array(rows * length * width);
    for (let at = 0; at < rows * length; at++) {
      const row = Math.floor(at / length);
      const text = [...ids.slice(row * length, at + 1)];
      for (let token = 0; token < width; token++) scores[at * width + token] = this.#opinion(labelOf(row), text, token);
    }
    return tensor(scores, [rows, length, width]);
  }
}
