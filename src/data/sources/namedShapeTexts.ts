import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { ignored } from "../documents.ts";
import { between, drawEntry, drawMeanings } from "../namedShapes/page.ts";
import { combinationCount, madeUpNames, namedShapesTokenizer, plainName } from "../namedShapes/words.ts";
import { defineSource } from "../source.ts";

/** Entries of a page in the last part of the curriculum. */
const lengths = [8, 16, 34];
/** Combinations of a page: at most two for three entries, so that names repeat; on a page with wrong names so few that right ones outvote them. */
const fewest = 2;
const mostOf = (entries: number) => Math.round((2 * entries) / 3);
const mostWithWrong = 8;
/** Share of pages with wrong names, once they come: on the others a name that was seen once is right. */
const pagesWithWrong = 0.25;
/** Share of the other tokens that the loss counts: names are what is to be learnt. */
const othersCounted = 0.1;

/**
 * Gives pages of text that name coloured shapes, to pretrain a language model to look names up.
 *
 * `<bos> red square bakux . blue moon fibax . red square bakux . ...`: a made-up name means another combination of colour and shape on
 * each page. A curriculum, by the number of the batch: pages of 8 entries, then of 16, then of 8, 16 or 34; at last a quarter of the pages have
 * wrong names among the right ones. The loss counts all names and a tenth of the other tokens. Shapes: `ids` and `targets` [rows, length].
 *
 * @see Bengio et al. 2009, Curriculum learning; Chan et al. 2022 (few-shot learning comes from data whose meanings change), arXiv:2205.05055
 */
export const NamedShapeTexts = defineSource({
  name: "NamedShapeTexts",
  title: "Named shapes: texts",
  category: "Data",
  summary: "Gives pages of text that name coloured shapes, to pretrain a language model to look names up.",
  config: z.strictObject({
    entries: count("Entries", "Named shapes in a batch, over all its pages.", "entries").default(512),
    short: count("Short pages", "Batches at first, whose pages have 8 entries.", "batches").default(400),
    middle: count("Longer pages", "Batches after those, whose pages have 16 entries.", "batches").default(300),
    clean: count("Without wrong names", "Batches before pages with wrong names come.", "batches").default(1200),
    wrong: z.number().min(0).max(1).default(0.3).meta({
      title: "Wrong names",
      description: "Share of the entries of such a page that have another of its names.",
    }),
  }),
  example: { entries: 16 },
  outputs: {
    ids: int32("rows length", "token ids"),
    targets: int32("rows length", "the token that comes next, or -100 where the loss does not count"),
  },
  read: async () => ({ data: {} }),
  batch({ config: { entries, short, middle, clean, wrong }, seed }, index) {
    const random = new Random(seed).fork("texts").fork(index);
    const tokenizer = namedShapesTokenizer();
    const { bos } = tokenizer.special;
    const each = index < short ? lengths[0]! : index < short + middle ? lengths[1]! : random.pick(lengths);
    const most = mostOf(each);
    const rows = Math.max(1, Math.round(entries / each));
    const length = 4 * each + 1;
    const ids = new Int32Array(rows * length);
    const all = Array.from({ length: combinationCount }, (_, combination) => combination);
    for (let row = 0; row < rows; row++) {
      const isWrong = index >= clean && random.uniform() < pagesWithWrong;
      const meanings = drawMeanings(
        all,
        between(fewest, isWrong ? Math.min(mostWithWrong, most) : most, random),
        random,
      );
      const text = Array.from({ length: each }, () => {
        const { place, name } = drawEntry(meanings, random, isWrong ? wrong : 0);
        return `${plainName(meanings.combinations[place]!)} ${name} .`;
      });
      ids.set([bos, ...tokenizer.encode(text.join(" "))], row * length);
    }
    const names = new Set(madeUpNames.flatMap((name) => tokenizer.encode(name)));
    const targets = ids.map((_, at) => {
      const next = (at + 1) % length === 0 ? ignored : ids[at + 1]!;
      return names.has(next) || random.uniform() < othersCounted ? next : ignored;
    });
    return { ids: { shape: [rows, length], data: ids }, targets: { shape: [rows, length], data: targets } };
  },
});
