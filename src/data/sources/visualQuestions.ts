import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32, int32 } from "../../core/port.ts";
import { captionDocuments } from "../documents.ts";
import type { Example } from "../evaluationSet.ts";
import { Image } from "../image.ts";
import { imageSizeField } from "../imageSize.ts";
import { decodeImage, type Pixels, toUnit } from "../pixels.ts";
import { BadSample, BadSamples } from "../shards/badSamples.ts";
import { requireSamples } from "../shards/openShards.ts";
import { orderOf } from "../shards/orderOf.ts";
import { readRecord, recordShard } from "../shards/records.ts";
import { type ReadSample, readSamples, sampleCount } from "../shards/shard.ts";
import { heldOutField, imagesField, maxBadField, shuffleField } from "../shards/shardFields.ts";
import { defineSource } from "../source.ts";
import { findShippedTokenizer, openTokenizer, tokenizerField, tokenizerOf } from "../tokenizers.ts";
import { readVqa, type VisualQuestion } from "../vqa/vqaFiles.ts";

/** Held-out questions that are read, at most. */
const mostHeldOut = 200;
/** Characters of a question that are read: far beyond any that is one. */
const longestQuestion = 2000;

interface SeenQuestion extends VisualQuestion {
  pixels: Pixels;
}

/**
 * Gives questions about images with their most frequent answers, from the files of VQA v2.
 *
 * `<bos><image> Question: what colour is it? Answer: red <|endofchunk|> ...`: the loss counts the answers alone. Questions are read as their turn
 * comes, through a buffer from which the next one is drawn; all questions of an image are held out, or none. A bad sample is named,
 * counted and skipped: another stands in its place. Shapes: `images` [batch, media, 1, imageSize, imageSize, 3] in −1 to 1, `ids` and `targets`
 * [batch, length], as long as the longest document of the batch.
 *
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for files that cannot be used, or for more than `maxBad` bad samples
 * @see Goyal et al. 2017, Making the V in VQA Matter, arXiv:1612.00837; Alayrac et al. 2022, Flamingo, appendix C, arXiv:2204.14198
 */
export const VisualQuestions = defineSource({
  name: "VisualQuestions",
  title: "Visual questions (VQA v2)",
  category: "Data",
  summary: "Gives questions about images with their most frequent answers, from the files of VQA v2.",
  paper: "Appendix C",
  config: z.strictObject({
    questions: z.string().min(1).meta({ title: "Questions", description: "Path of the questions' JSON file." }),
    annotations: z.string().min(1).meta({ title: "Annotations", description: "Path of the annotations' JSON file." }),
    images: imagesField,
    batch: count("Batch", "Documents at once.", "documents").default(24),
    media: count("Questions", "Questions in each document, each about an image.", "questions").default(2),
    imageSize: imageSizeField,
    shuffle: shuffleField,
    heldOut: heldOutField,
    maxBad: maxBadField,
    tokenizer: tokenizerField,
  }),
  example: { questions: "questions.json", annotations: "annotations.json", images: "train2014", batch: 2 },
  outputs: {
    images: float32("batch media 1 imageSize imageSize 3", "images, from -1 to 1"),
    ids: int32("batch length", "token ids, with <image> for each image"),
    targets: int32("batch length", "the token that comes next, or -100 where the loss does not count"),
  },
  tokenizer: tokenizerOf,
  async read(config, context) {
    const [questions, annotations] = [resolve(config.questions), resolve(config.annotations)];
    const folder = config.images === "" ? dirname(questions) : resolve(config.images);
    const badSamples = new BadSamples(questions, config.maxBad, context.warn);
    const records = readVqa(questions, annotations, badSamples).map((value, number) => ({
      name: value.files.at(-1)!,
      number,
      value: { ...value, files: value.files.map((file) => join(folder, file)) },
    }));
    const { train, heldOut } = recordShard(questions, records, config.heldOut);
    requireSamples(questions, [{ train, heldOut }]);
    const positions = Array.from({ length: Math.min(sampleCount(heldOut), mostHeldOut) }, (_, position) => position);
    const { samples, skipped } = await readSamples([heldOut], positions, config.maxBad, seenWith(config));
    badSamples.addAll(skipped);
    const unseen = [...new Map(samples.map(({ value, position }) => [position, value])).values()];
    const examples = (most: number) => unseen.slice(0, most).map((each) => exampleOf(each, config.imageSize));
    const sets = [{ name: "heldOut", title: "Held-out questions", template: "question", examples }];
    const tokenizer = (context.findTokenizer ?? findShippedTokenizer)(config.tokenizer);
    return { data: { shards: [train], tokenizer }, badSamples, evaluationSets: unseen.length > 0 ? sets : [] };
  },
  async batch(state, index) {
    const { config, data } = state;
    const { batch, media, imageSize, maxBad } = config;
    const positions = orderOf(state, data.shards, config.shuffle).positions(index * batch * media, batch * media);
    const { samples, skipped } = await readSamples(data.shards, positions, maxBad, seenWith(config));
    const words = openTokenizer(data.tokenizer);
    const each = imageSize * imageSize * 3;
    const pixels = new Float32Array(samples.length * each);
    const texts = samples.map(({ value }, place) => {
      toUnit(value.pixels, pixels.subarray(place * each));
      const asked = words.encode(`Question: ${value.question.slice(0, longestQuestion)} Answer:`);
      return { asked: asked.length, words: [...asked, ...words.encode(value.answer)] };
    });
    const rows = Array.from({ length: batch }, (_, row) => texts.slice(row * media, (row + 1) * media));
    const { length, ids, targets } = captionDocuments(
      rows.map((row) => row.map((text) => text.words)),
      media,
      words.special,
      { asked: rows.map((row) => row.map((text) => text.asked)) },
    );
    return {
      images: { shape: [batch, media, 1, imageSize, imageSize, 3], data: pixels, skipped },
      ids: { shape: [batch, length], data: ids },
      targets: { shape: [batch, length], data: targets },
    };
  },
});

/** Reads a question with its image. */
function seenWith({ imageSize }: { imageSize: number }): ReadSample<SeenQuestion> {
  return async (stored) => {
    const question = readRecord<VisualQuestion>(stored);
    const file = question.files.find((each) => existsSync(each));
    const name = question.files[0]!;
    if (file === undefined) throw new BadSample(name, "its image is not there");
    try {
      return { ...question, pixels: await decodeImage(file, imageSize) };
    } catch (error) {
      throw new BadSample(name, `its image cannot be decoded (${(error as Error).message.split("\n")[0]})`);
    }
  };
}

function exampleOf({ pixels, question, answers }: SeenQuestion, size: number): Example {
  return { media: [new Image(toUnit(pixels), size)], fields: { question }, answers };
}
