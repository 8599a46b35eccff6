import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { CaptionedFile } from "../captionFiles/captionedFile.ts";
import { readCaptions } from "../captionFiles/captionFile.ts";
import { openPairs, pairBatch, pairFields, pairOutputs } from "../pairs/captionPairs.ts";
import { BadSamples } from "../shards/badSamples.ts";
import { insidePath } from "../shards/insidePath.ts";
import { requireSamples } from "../shards/openShards.ts";
import { readRecord, recordShard } from "../shards/records.ts";
import { imagesField } from "../shards/shardFields.ts";
import { defineSource } from "../source.ts";
import { tokenizerOf } from "../tokenizers.ts";

/**
 * Gives images or videos and their captions from a file that lists them: COCO captions, JSON lines or a table.
 *
 * `.json` is read as COCO captions, `.jsonl` as one object a line, `.csv` and `.tsv` as a table; columns are `file` and `caption`, `file_name`
 * and `text`, or `filepath` and `title` as OpenCLIP has them. Images are read as their turn comes, through a buffer from which the next one is
 * drawn. A file may be a folder of frames or an animated GIF or WebP: a video. A bad sample is named, counted and skipped: another
 * stands in its place. Shapes: `images` [batch, media, frames, imageSize, imageSize, 3] in −1 to 1, `ids` and `targets` [batch, length], as
 * long as the longest document of the batch.
 *
 * @throws FlamingoError NOT_FOUND, MISSING_COLUMN or INVALID_DATA for a file that cannot be used, or for more than `maxBad` bad samples
 * @see Chen et al. 2015, Microsoft COCO Captions, arXiv:1504.00325
 */
export const CaptionFile = defineSource({
  name: "CaptionFile",
  title: "Caption file",
  category: "Data",
  summary:
    "Gives images or videos and their captions from a file that lists them: COCO captions, JSON lines or a table.",
  paper: "2.4",
  config: z.strictObject({
    file: z.string().min(1).meta({
      title: "File",
      description: "Path of COCO captions (.json), of one object a line (.jsonl) or of a table (.csv, .tsv).",
    }),
    images: imagesField,
    ...pairFields,
  }),
  example: { file: "captions_train2014.json", images: "train2014", batch: 2 },
  outputs: pairOutputs,
  tokenizer: tokenizerOf,
  async read(config, context) {
    const file = resolve(config.file);
    const folder = config.images === "" ? dirname(file) : resolve(config.images);
    const badSamples = new BadSamples(file, config.maxBad, context.warn);
    const records = readCaptions(file, badSamples).flatMap(({ file: name, captions }, number) => {
      const path = insidePath(folder, name);
      if (path !== undefined) return [{ name, number, value: { file: path, captions } }];
      badSamples.add({ name, reason: `it is no path inside ${folder}` });
      return [];
    });
    const shards = [recordShard(file, records, config.heldOut)];
    requireSamples(file, shards);
    return openPairs(config, shards, readCaptioned, badSamples, context);
  },
  batch: (state, index) => pairBatch(state, index, readCaptioned),
});

function readCaptioned(stored: Parameters<typeof readRecord>[0]) {
  const { file, captions } = readRecord<CaptionedFile>(stored);
  return { name: file, image: file, captions };
}
