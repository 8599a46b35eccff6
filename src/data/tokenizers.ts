import { z } from "zod";
import { emojiTokenizer } from "./emoji/emoji.ts";
import { byteTokenizer } from "./texts/byteTokenizer.ts";
import type { TextTokenizer } from "./tokenizer.ts";

/** The tokenizers that come with the studio, by the names that sources of data use. */
const tokenizers: Readonly<Record<"bytes" | "words", () => TextTokenizer>> = {
  bytes: byteTokenizer,
  words: emojiTokenizer,
};

/** How captions become tokens, as a configuration field. It must be the one that the language model was pretrained with. */
export const tokenizerField = z.enum(["bytes", "words"]).default("bytes").meta({
  title: "Tokenizer",
  description:
    "How captions become tokens, as the language model was pretrained: bytes (BPE, any text) for small-language, words (those of emoji alone) for emoji-language.",
});

/** The tokenizer that a source's configuration names. */
export function tokenizerOf({ tokenizer }: { tokenizer: "bytes" | "words" }): TextTokenizer {
  return tokenizers[tokenizer]();
}
