import { readFileSync } from "node:fs";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { addedTokens, type SpecialTokens, type TextTokenizer } from "../tokenizer.ts";
import { truncated } from "../truncated.ts";
import { byteSigns } from "./bpeTrainer.ts";

/**
 * The tokenizer of the studio's own language model: byte-level BPE, so that any text in any script has ids and comes back from them
 * as it was written. `<pad> <bos> <eos>`, the 256 bytes, what was merged of them, then Flamingo's new tokens `<image>` and
 * `<|endofchunk|>`, which the language model is pretrained without.
 *
 * A space is put before every text, and taken off again: a word is the same token at the start of a caption and inside it. A special
 * token that stands in a text is text like any other.
 *
 * @see Radford et al. 2019, GPT-2
 */
export class ByteTokenizer implements TextTokenizer {
  readonly pretrained: number;
  readonly special: SpecialTokens;
  readonly #library: Library;
  readonly #first: number;

  constructor() {
    const file = JSON.parse(readFileSync(new URL("./tokenizer.json", import.meta.url), "utf8"));
    this.#first = file.added_tokens.length;
    this.pretrained = Object.keys(file.model.vocab).length;
    this.special = { pad: 0, bos: 1, eos: 2, unk: 2, image: this.pretrained, endOfChunk: this.pretrained + 1 };
    this.#library = new Library({ ...file, added_tokens: [] }, {});
  }

  encode(text: string): number[] {
    return text === "" ? [] : this.#library.encode(text, { add_special_tokens: false }).ids;
  }

  /** The text of ids, without the tokens that frame it. */
  decode(ids: Iterable<number>): string {
    const all = [...ids].filter((id) => id >= this.#first && id < this.pretrained);
    return all.length === 0 ? "" : this.#library.decode(all, { clean_up_tokenization_spaces: false });
  }

  truncate(text: string, most: number): string {
    return truncated(text, most, this);
  }

  word(id: number): string {
    if (id >= this.pretrained) return addedTokens[id - this.pretrained] ?? `<${id}>`;
    const signs = this.#library.id_to_token(id)!;
    const shown = id < this.#first ? signs : this.decode([id]);
    return shown.includes("\ufffd") ? bytesOf(signs) : shown === "" ? " " : shown;
  }

  /** None: it can say every text. */
  unknown(): string[] {
    return [];
  }
}

/** Bytes that are only a part of a character: `<E7><B7>`. */
function bytesOf(signs: string): string {
  return [...signs].map((sign) => `<${byteSigns.indexOf(sign).toString(16).toUpperCase().padStart(2, "0")}>`).join("");
}

let tokenizer: ByteTokenizer | undefined;

/** The tokenizer of the studio's own language model, made once. */
export function byteTokenizer(): ByteTokenizer {
  tokenizer ??= new ByteTokenizer();
  return tokenizer;
}
