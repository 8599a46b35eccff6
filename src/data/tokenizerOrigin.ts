import type { SpecialTokens } from "./tokenizer.ts";

/** The tokenizers that come with the studio. */
export type ShippedTokenizer = "bytes" | "words";

/** Where the tokenizer of an imported language model is, and how its model numbers special tokens. Plain data: another thread reads it too. */
export interface ModelTokenizerOrigin {
  /** Its tokenizer.json. */
  file: string;
  /** Rows of the embedding that the language model was pretrained with; those of new tokens come after them. */
  vocabulary: number;
  /** Ids that the configuration of the model gives. */
  special: Partial<SpecialTokens>;
}

/** What a tokenizer is made of: the name of one that comes with the studio, or where that of an imported language model is. */
export type TokenizerOrigin = ShippedTokenizer | ModelTokenizerOrigin;

/** Finds the tokenizer of a name. @throws FlamingoError NOT_FOUND, saying what there is */
export type FindTokenizer = (name: string) => TokenizerOrigin;
