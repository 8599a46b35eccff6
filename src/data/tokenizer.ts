/** Tokens that every vocabulary has, at fixed places. */
const specials = ["<pad>", "<bos>", "<eos>", "<unk>"] as const;
/** Tokens that Flamingo adds to a pretrained vocabulary: they stand after its last word. */
export const addedTokens = ["<image>", "<|endofchunk|>"] as const;

export interface SpecialTokens {
  pad: number;
  bos: number;
  eos: number;
  unk: number;
  image: number;
  endOfChunk: number;
}

/** Turns captions into token ids and back, as a source of data needs it. */
export interface TextTokenizer {
  /** Tokens that the language model is pretrained with; those that Flamingo adds have the ids from here on. */
  readonly pretrained: number;
  readonly special: SpecialTokens;
  /** Ids of a text. */
  encode(text: string): number[];
  /** The text of ids, without the tokens that frame it. */
  decode(ids: Iterable<number>): string;
  /** A text up to its first tokens, so many. */
  truncate(text: string, most: number): string;
  /** One token as it is shown. */
  word(id: number): string;
  /** Words of a text that it has no tokens for. */
  unknown(text: string): string[];
}

/**
 * Splits text into words and gives each a number: `<pad> <bos> <eos> <unk>`, the words in order, then Flamingo's new
 * tokens `<image>` and `<|endofchunk|>`, which the language model is pretrained without.
 */
export class Tokenizer implements TextTokenizer {
  readonly words: readonly string[];
  /** Tokens that the language model is pretrained with. */
  readonly pretrained: number;
  readonly special: SpecialTokens;
  readonly #ids: ReadonlyMap<string, number>;

  /** @param words all words, in any order; each gets its place in alphabetical order */
  constructor(words: Iterable<string>) {
    this.words = [...specials, ...[...new Set(words)].sort()];
    this.pretrained = this.words.length;
    this.#ids = new Map(this.words.map((word, id) => [word, id]));
    this.special = { pad: 0, bos: 1, eos: 2, unk: 3, image: this.pretrained, endOfChunk: this.pretrained + 1 };
  }

  /** Ids of a text's words; `<unk>` for a word that is not in the vocabulary. */
  encode(text: string): number[] {
    return wordsOf(text).map((word) => this.#ids.get(word) ?? this.special.unk);
  }

  /** The text of ids, without the tokens that frame it; signs stand where people put them. */
  decode(ids: Iterable<number>): string {
    return [...ids]
      .filter((id) => id >= specials.length && id < this.pretrained)
      .map((id) => this.words[id]!)
      .join(" ")
      .replace(/ (?=[,.;!?)\]])/g, "")
      .replace(/(?<=[([]) /g, "");
  }

  /** A text up to its first tokens, so many. */
  truncate(text: string, most: number): string {
    const plain = plainText(text);
    const last = [...plain.matchAll(wordPattern)][most - 1];
    return last && this.encode(text).length > most ? plain.slice(0, last.index + last[0].length) : text;
  }

  /** One token as it is shown. */
  word(id: number): string {
    return this.words[id] ?? addedTokens[id - this.pretrained] ?? "<unk>";
  }

  /** Words of a text that the vocabulary lacks. */
  unknown(text: string): string[] {
    return wordsOf(text).filter((word) => !this.#ids.has(word));
  }
}

/**
 * The words of a text: small letters with their marks (accents, vowel signs), digits and apostrophes; every other sign but
 * white space stands alone. The same for text that is composed and decomposed (Unicode NFC, NFD).
 */
export function wordsOf(text: string): string[] {
  return plainText(text).match(wordPattern) ?? [];
}

/** A word may hold a joiner between letters, as in Persian and Hindi; a sign keeps the marks that belong to it. */
const wordPattern =
  /[\p{L}\p{N}'](?:[\p{L}\p{M}\p{N}']|[\u200c\u200d](?=[\p{L}\p{M}]))*|[^\s\p{L}\p{M}\p{N}']\p{M}*|\p{M}+/gu;

function plainText(text: string): string {
  return text.normalize("NFC").toLowerCase().normalize("NFC").replace(/[’‘]/g, "'");
}
