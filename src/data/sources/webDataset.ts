import { z } from "zod";
import { openPairs, pairBatch, pairFields, pairOutputs } from "../pairs/captionPairs.ts";
import { openShards } from "../shards/openShards.ts";
import { defineSource } from "../source.ts";
import { tokenizerOf } from "../tokenizers.ts";
import { indexWebDataset, readWebDataset } from "../webDataset/webDatasetShard.ts";

/**
 * Gives images and their captions from the tar shards of a WebDataset.
 *
 * A sample is the files next to each other whose paths are the same up to the first dot: an image (`000012.jpg`) and a caption, as
 * `.txt` or in the field `caption` or `text` of `.json`. Shards are read as their turn comes, in another order each epoch; their samples
 * pass through a buffer from which the next one is drawn. A bad sample is named, counted and skipped: another stands in its place.
 * Shapes: `images` [batch, media, frames, imageSize, imageSize, 3] in −1 to 1, `ids` and `targets` [batch, length], as long as the
 * longest document of the batch.
 *
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for shards that cannot be used, or for more than `maxBad` bad samples
 * @see WebDataset's file format; Alayrac et al. 2022, Flamingo, section 2.4 (ALIGN, LTIP, VTP), arXiv:2204.14198
 */
export const WebDataset = defineSource({
  name: "WebDataset",
  title: "WebDataset",
  category: "Data",
  summary: "Gives images and their captions from the tar shards of a WebDataset.",
  paper: "2.4",
  config: z.strictObject({
    shards: z.string().min(1).meta({
      title: "Shards",
      description: "Path of a .tar file, of several (train-{0000..0012}.tar), or of a folder of them.",
    }),
    ...pairFields,
  }),
  example: { shards: "train-{0000..0012}.tar", batch: 2 },
  outputs: pairOutputs,
  tokenizer: tokenizerOf,
  async read(config, context) {
    const { shards, badSamples } = openShards(config, ".tar", context, (path, bad) =>
      indexWebDataset(path, config.heldOut, bad),
    );
    return openPairs(config, shards, readWebDataset, badSamples, context);
  },
  batch: (state, index) => pairBatch(state, index, readWebDataset),
});
