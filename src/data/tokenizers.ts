import { FlamingoError } from "../core/errors.ts";
import { weightsName } from "../core/slot.ts";
import { emojiTokenizer } from "./emoji/emoji.ts";
import { openModelTokenizer } from "./modelTokenizer.ts";
import { byteTokenizer } from "./texts/byteTokenizer.ts";
import type { TextTokenizer } from "./tokenizer.ts";
import type { FindTokenizer, ShippedTokenizer, TokenizerOrigin } from "./tokenizerOrigin.ts";

/** The tokenizers that come with the studio, by the names that sources of data use. */
const shipped: Readonly<Record<ShippedTokenizer, () => TextTokenizer>> = {
  bytes: byteTokenizer,
  words: emojiTokenizer,
};

/** How texts become tokens, as a configuration field. It must be the one that the language model was pretrained with. */
export const tokenizerField = weightsName.default("bytes").meta({
  title: "Tokenizer",
  examples: ["bytes", "words"],
  description:
    "How captions become tokens, as the language model was pretrained: bytes (BPE, any text) for small-language, words (those of emoji alone) for emoji-language, or the name of an imported language model for its own.",
});

/** The tokenizer that a source's configuration names. @param find those that come with the studio by default */
export function tokenizerOf(
  { tokenizer }: { tokenizer: string },
  find: FindTokenizer = findShippedTokenizer,
): TextTokenizer {
  return openTokenizer(find(tokenizer));
}

export function openTokenizer(origin: TokenizerOrigin): TextTokenizer {
  return typeof origin === "string" ? shipped[origin]() : openModelTokenizer(origin);
}

/** Finds the tokenizers that come with the studio. */
export const findShippedTokenizer: FindTokenizer = (name) => {
  if (Object.hasOwn(shipped, name)) return name as ShippedTokenizer;
  throw new FlamingoError("NOT_FOUND", `there is no tokenizer "${name}"`, {
    actual: name,
    fix: "use bytes, words, or the name of an imported language model that has a tokenizer.json",
  });
};
