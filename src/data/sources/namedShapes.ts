import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { Random } from "../../core/random.ts";
import { captionDocuments } from "../documents.ts";
import { imageSizeField } from "../imageSize.ts";
import { heldOutPages } from "../namedShapes/heldOutPages.ts";
import { between, drawEntry, drawMeanings, type Meanings } from "../namedShapes/page.ts";
import { drawScene } from "../namedShapes/scene.ts";
import { namedShapesTokenizer, plainName, seenCombinations } from "../namedShapes/words.ts";
import { toUnit } from "../pixels.ts";
import { defineSource } from "../source.ts";

/** Combinations of a page: so few that names repeat among its images. */
const fewest = 2;
const mostInImages = 4;

/**
 * Gives pages of rendered shapes with made-up names, which mean something else on each page.
 *
 * `<bos><image> bakux <|endofchunk|><image> fibax <|endofchunk|><image> bakux <|endofchunk|> ...`: only the page itself tells what a name
 * means, so a model must learn from the examples before. Lines of text may come first (`red square bakux .`): a model that looks names up in
 * text then needs to learn only what the query shows. Without them it must learn at once what an example and what the query shows, and
 * what it learns of one is of no use before the other. Shapes: `images` [batch, media, 1, imageSize, imageSize, 3] in −1 to 1, `ids` and
 * `targets` [batch, length].
 *
 * @see Alayrac et al. 2022, Flamingo, sections 2.4 and 3.2 (trained with 5 images a page, used with 32), arXiv:2204.14198
 */
export const NamedShapes = defineSource({
  name: "NamedShapes",
  title: "Named shapes",
  category: "Data",
  summary: "Gives pages of rendered shapes with made-up names, which mean something else on each page.",
  paper: "2.4, 3.2",
  config: z.strictObject({
    batch: count("Batch", "Pages at once.", "pages").default(32),
    media: count("Images", "Images on each page.", "images").default(5),
    lines: z.int().nonnegative().default(0).meta({
      title: "Lines of text",
      description:
        "Most lines of text before a page's first image (`red square bakux .`); each number up to it is equally likely.",
      unit: "lines",
    }),
    scenes: count("Scenes", "Images that are rendered once and come again on other pages.", "images").default(9600),
    imageSize: imageSizeField,
  }),
  example: { batch: 2, media: 3, scenes: 56 },
  outputs: {
    images: float32("batch media 1 imageSize imageSize 3", "rendered shapes, from -1 to 1"),
    ids: int32("batch length", "token ids, with <image> for each image"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  tokenizer: namedShapesTokenizer,
  async read({ scenes, imageSize }, context) {
    const each = imageSize * imageSize * 3;
    const pixels = new Uint8Array(new SharedArrayBuffer(scenes * each));
    const random = new Random(context.seed).fork("scenes");
    for (let scene = 0; scene < scenes; scene++) {
      if (scene % 1000 === 0) context.progress("rendering scenes", scene, scenes);
      drawScene(pixels, scene * each, imageSize, combinationOf(scene), random.fork(scene));
    }
    return { data: { pixels }, evaluationSets: heldOutPages(imageSize) };
  },
  batch({ config: { batch, media, lines, scenes, imageSize }, data: { pixels }, seed }, index) {
    const random = new Random(seed).fork("pages").fork(index);
    const tokenizer = namedShapesTokenizer();
    const each = imageSize * imageSize * 3;
    const images = new Float32Array(batch * media * each);
    const names: number[] = [];
    const shown = seenCombinations.slice(0, scenes);
    const before: number[][] = [];
    const count = between(0, lines, random); // one number for all pages: no padding
    const most = Math.max(mostInImages, Math.round((media + count) / 2));
    const rows = Array.from({ length: batch }, (_, row) => {
      const meanings = drawMeanings(shown, between(fewest, most, random), random);
      before.push(tokenizer.encode(textOf(meanings, count, random)));
      return Array.from({ length: media }, (_, image) => {
        const { place, name } = drawEntry(meanings, random);
        const scene = sceneOf(meanings.combinations[place]!, scenes, random);
        images.set(toUnit(pixels.subarray(scene * each, (scene + 1) * each)), (row * media + image) * each);
        names.push(scene);
        return tokenizer.encode(name);
      });
    });
    const { length, ids, targets } = captionDocuments(rows, media, tokenizer.special, { before });
    return {
      images: { shape: [batch, media, 1, imageSize, imageSize, 3], data: images, names: { each: names, of: scenes } },
      ids: { shape: [batch, length], data: ids },
      targets: { shape: [batch, length], data: targets },
    };
  },
});

/** Entries of a page as a language model's pretraining has them. */
function textOf(meanings: Meanings, lines: number, random: Random): string {
  return Array.from({ length: lines }, () => {
    const { place, name } = drawEntry(meanings, random);
    return `${plainName(meanings.combinations[place]!)} ${name} .`;
  }).join(" ");
}

/** What a scene shows: the combinations take turns. */
function combinationOf(scene: number): number {
  return seenCombinations[scene % seenCombinations.length]!;
}

/** One of the scenes that show a combination. */
function sceneOf(combination: number, scenes: number, random: Random): number {
  const first = seenCombinations.indexOf(combination);
  const count = Math.ceil((scenes - first) / seenCombinations.length);
  return first + seenCombinations.length * random.integer(count);
}
