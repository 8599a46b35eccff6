import { resolve } from "node:path";
import { z } from "zod";
import { pageBatch, pageFields, pageOutputs } from "../pages/interleavedPages.ts";
import { indexMmc4, readMmc4 } from "../pages/mmc4.ts";
import { openShards } from "../shards/openShards.ts";
import { defineSource } from "../source.ts";
import { findShippedTokenizer, tokenizerOf } from "../tokenizers.ts";

/**
 * Gives parts of web pages in which images stand between sentences, from the documents of MMC4.
 *
 * `<bos> words <image> words <|endofchunk|><image> words <|endofchunk|>`: an image stands before the sentence that it is matched to. Of each page
 * a random run of `length` tokens is taken, with the first `media` images in it. Images are read by their `image_name` as their turn comes. A bad
 * page or image is named, counted and skipped. Pages have different numbers of images: a model needs `padded` in its gated layers. Shapes:
 * `images` [batch, media, 1, imageSize, imageSize, 3] in −1 to 1, `ids` and `targets` [batch, length].
 *
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for shards that cannot be used, or for more than `maxBad` bad samples
 * @see Zhu et al. 2023, Multimodal C4, arXiv:2304.06939; Alayrac et al. 2022, Flamingo, section 2.4 (M3W), arXiv:2204.14198
 */
export const Mmc4 = defineSource({
  name: "Mmc4",
  title: "Pages of MMC4",
  category: "Data",
  summary: "Gives parts of web pages in which images stand between sentences, from the documents of MMC4.",
  paper: "2.4",
  config: z.strictObject({
    shards: z.string().min(1).meta({
      title: "Shards",
      description: "Path of a .jsonl file, of several (docs_shard_{0..9}_v3.jsonl), or of a folder of them.",
    }),
    images: z.string().min(1).meta({
      title: "Images",
      description: "Path of the folder in which the images lie, by their image_name.",
    }),
    ...pageFields,
  }),
  example: { shards: "docs_shard_{0..9}_v3.jsonl", images: "images", batch: 2 },
  outputs: pageOutputs,
  tokenizer: tokenizerOf,
  async read(config, context) {
    const { shards, badSamples } = openShards(config, ".jsonl", context, indexMmc4);
    const tokenizer = (context.findTokenizer ?? findShippedTokenizer)(config.tokenizer);
    return { data: { shards: shards.map(({ train }) => train), tokenizer }, badSamples };
  },
  batch: (state, index) => pageBatch(state, index, (stored) => readMmc4(stored, resolve(state.config.images))),
});
