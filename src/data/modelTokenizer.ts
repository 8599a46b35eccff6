import { Tokenizer as Library } from "@huggingface/tokenizers";
import { FlamingoError } from "../core/errors.ts";
import type { SpecialTokens, TextTokenizer } from "./tokenizer.ts";
import { readTokenizerFile } from "./tokenizerFile.ts";
import type { ModelTokenizerOrigin } from "./tokenizerOrigin.ts";
import { truncated } from "./truncated.ts";

/**
 * The tokenizer that belongs to an imported language model, for captions: BPE, WordPiece or Unigram, as its tokenizer.json says.
 *
 * `<|endofchunk|>` and `<image>` have the first new rows of the embedding, in that order, as OpenFlamingo adds them, unless the model or its
 * tokenizer has them already. A special token that stands in a text is text like any other. Rows are filled with the end of a text where
 * the model has no token for padding: no loss counts there.
 */
export class ModelTokenizer implements TextTokenizer {
  readonly pretrained: number;
  readonly special: SpecialTokens;
  readonly #library: Library;
  /** The same with its special tokens. */
  readonly #framed: Library;
  /** Special tokens, which frame a text and are no part of it. */
  readonly #framing: ReadonlyMap<number, string>;
  /** Whether there are texts that it has no tokens for. */
  readonly #hasUnknown: boolean;

  /** @throws FlamingoError INVALID_DATA if there is no such file or it is no tokenizer; INVALID_CONFIG if it has no token that ends a text */
  constructor({ file: path, vocabulary, special }: ModelTokenizerOrigin) {
    const { model, added_tokens: known, ...others } = readTokenizerFile(path);
    const vocabularyIds: Record<string, number> = Array.isArray(model.vocab)
      ? Object.fromEntries(model.vocab.map((entry, id) => [String(Array.isArray(entry) ? entry[0] : entry), id]))
      : (model.vocab as Record<string, number>);
    const idOf = (content: string) => known.find((token) => token.content === content)?.id ?? vocabularyIds[content];
    const eos = special.eos ?? idOf("<|endoftext|>") ?? idOf("</s>");
    if (eos === undefined)
      throw new FlamingoError("INVALID_CONFIG", `${path} has no token that ends a text, and config.json names none`, {
        source: path,
        fix: "set eos_token_id in the model's config.json",
      });
    const unk = idOf("<unk>") ?? idOf("[UNK]");
    this.#hasUnknown = unk !== undefined;
    this.pretrained = vocabulary;
    this.special = {
      pad: special.pad ?? idOf("<PAD>") ?? eos,
      bos: special.bos ?? idOf("<s>") ?? eos,
      eos,
      unk: unk ?? eos,
      endOfChunk: special.endOfChunk ?? idOf("<|endofchunk|>") ?? vocabulary,
      image: special.image ?? idOf("<image>") ?? vocabulary + 1,
    };
    this.#framing = new Map([
      ...known.filter((token) => token.special).map(({ id, content }) => [id, content] as const),
      ...([
        [this.special.endOfChunk, "<|endofchunk|>"],
        [this.special.image, "<image>"],
      ] as const),
    ]);
    this.#library = new Library({ ...others, model, added_tokens: known.filter((token) => !token.special) }, {});
    this.#framed = new Library({ ...others, model, added_tokens: known }, {});
  }

  encode(text: string): number[] {
    return text === "" ? [] : this.#library.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * Ids of a prompt, with what the tokenizer puts around a text, such as `<s>`; never empty. A special token that stands in it is the
   * token, as in the source library.
   * @param interleaved whether `<image>` and `<|endofchunk|>` in it stand for the tokens that Flamingo added
   */
  prompt(text: string, interleaved: boolean): number[] {
    const { image, endOfChunk, bos } = this.special;
    const encode = (part: string, framed: boolean) => this.#framed.encode(part, { add_special_tokens: framed }).ids;
    const ids = interleaved
      ? text.split(/(<image>|<\|endofchunk\|>)/).flatMap((part) => {
          if (part === "<image>") return [image];
          return part === "<|endofchunk|>" ? [endOfChunk] : part === "" ? [] : encode(part, false);
        })
      : [];
    const all = interleaved ? [...encode("", true), ...ids] : encode(text, true);
    return all.length > 0 ? all : [bos];
  }

  /** The text of ids, without the tokens that frame it. */
  decode(ids: Iterable<number>): string {
    const all = [...ids].filter((id) => !this.#framing.has(id) && this.#library.id_to_token(id) !== undefined);
    return all.length === 0 ? "" : this.#library.decode(all, { clean_up_tokenization_spaces: false });
  }

  truncate(text: string, most: number): string {
    return truncated(text, most, this);
  }

  word(id: number): string {
    const framing = this.#framing.get(id);
    if (framing !== undefined) return framing;
    const signs = this.#library.id_to_token(id);
    if (signs === undefined) return `<${id}>`;
    const shown = this.decode([id]);
    return shown === "" || shown.includes("\ufffd") ? signs : shown;
  }

  /** Words of a text that it has no tokens for; none where it falls back to bytes. */
  unknown(text: string): string[] {
    if (!this.#hasUnknown || !this.encode(text).includes(this.special.unk)) return [];
    return text.split(/\s+/u).filter((word) => this.encode(word).includes(this.special.unk));
  }
}

const opened = new Map<string, ModelTokenizer>();

/** The tokenizer of an imported language model; read once in each thread. @throws FlamingoError as the constructor */
export function openModelTokenizer(origin: ModelTokenizerOrigin): ModelTokenizer {
  const key = JSON.stringify(origin);
  const tokenizer = opened.get(key) ?? new ModelTokenizer(origin);
  opened.set(key, tokenizer);
  return tokenizer;
}
