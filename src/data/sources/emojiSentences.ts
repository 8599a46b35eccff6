import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { packedTexts } from "../documents.ts";
import { emojiConcepts } from "../emoji/concepts.ts";
import { emojiTokenizer } from "../emoji/emoji.ts";
import { sentenceAbout } from "../emoji/sentences.ts";
import { defineSource } from "../source.ts";

/**
 * Gives sentences about emoji made of their names, tags and groups, to pretrain a language model on text alone.
 *
 * Sentences stand one after the other, `<bos> words <eos>`, cut into rows. Held-out concepts are among them: no image
 * shows them, but their words are ordinary words. Shapes: `ids` and `targets` [batch, length].
 */
export const EmojiSentences = defineSource({
  name: "EmojiSentences",
  title: "Emoji sentences",
  category: "Data",
  summary:
    "Gives sentences about emoji made of their names, tags and groups, to pretrain a language model on text alone.",
  config: z.strictObject({
    batch: count("Batch", "Rows at once.", "rows").default(32),
    length: count("Length", "Tokens in each row.", "tokens").default(32),
  }),
  example: { batch: 2, length: 8 },
  outputs: {
    ids: int32("batch length", "token ids"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  read: async () => ({ data: { concepts: emojiConcepts() } }),
  batch({ config: { batch, length }, data: { concepts }, seed }, index) {
    const random = new Random(seed).fork("sentences").fork(index);
    const words = emojiTokenizer();
    const next = () => words.encode(sentenceAbout(random.pick(concepts), random));
    const { ids, targets } = packedTexts(next, batch, length, words.special);
    return { ids: { shape: [batch, length], data: ids }, targets: { shape: [batch, length], data: targets } };
  },
});
