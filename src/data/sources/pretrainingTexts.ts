import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { packedTexts } from "../documents.ts";
import { emojiConcepts } from "../emoji/concepts.ts";
import { sentenceAbout } from "../emoji/sentences.ts";
import { defineSource } from "../source.ts";
import { byteTokenizer } from "../texts/byteTokenizer.ts";
import { dictionary } from "../texts/dictionary.ts";
import { textAbout, translated } from "../texts/sentences.ts";
import { translations } from "../texts/translations.ts";

const share = (title: string, description: string) => z.number().min(0).max(1).meta({ title, description });

/**
 * Gives texts to pretrain a language model on: definitions and sentences of the dictionary WordNet, sentences about emoji, and their
 * names in 25 other languages.
 *
 * Texts stand one after the other, `<bos> text <eos>`, cut into rows. Every hundredth entry of the dictionary is held out; held-out
 * emoji are not: no image shows them, but their words are ordinary words. Shapes: `ids` and `targets` [batch, length].
 *
 * @see Miller 1995, WordNet: A Lexical Database for English
 */
export const PretrainingTexts = defineSource({
  name: "PretrainingTexts",
  title: "Pretraining texts",
  category: "Data",
  summary:
    "Gives texts to pretrain a language model on: from a dictionary, about emoji, and their names in other languages.",
  config: z.strictObject({
    batch: count("Batch", "Rows at once.", "rows").default(16),
    length: count("Length", "Tokens in each row.", "tokens").default(64),
    emoji: share("About emoji", "Share of the texts that are about emoji.").default(0.55),
    translated: share(
      "Translated",
      "Share of the texts that have emoji's names in other languages; the rest is the dictionary's.",
    ).default(0.1),
  }),
  example: { batch: 2, length: 8 },
  outputs: {
    ids: int32("batch length", "token ids"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  read: async () => ({
    data: { concepts: emojiConcepts(), entries: dictionary().train, translations: translations() },
  }),
  batch({ config: { batch, length, ...shares }, data: { concepts, entries, translations }, seed }, index) {
    const random = new Random(seed).fork("texts").fork(index);
    const tokenizer = byteTokenizer();
    const text = () => {
      const draw = random.uniform() - shares.emoji;
      // As people write it: no space before a colon or a comma.
      if (draw < 0) return sentenceAbout(random.pick(concepts), random).replace(/ (?=[:,])/g, "");
      return draw < shares.translated
        ? translated(random.pick(translations), random)
        : textAbout(random.pick(entries), random);
    };
    const { ids, targets } = packedTexts(() => tokenizer.encode(text()), batch, length, tokenizer.special);
    return { ids: { shape: [batch, length], data: ids }, targets: { shape: [batch, length], data: targets } };
  },
});
