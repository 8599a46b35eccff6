import { basename } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { isObject } from "../../core/json.ts";
import { BadSample, type BadSamples, skippedSample } from "../shards/badSamples.ts";
import { insidePath } from "../shards/insidePath.ts";
import { ShardIndex, type SplitShard, type StoredSample } from "../shards/shard.ts";
import { ShardFile } from "../shards/shardFile.ts";
import { linesOf } from "../shards/textFile.ts";
import type { Page, PagePart } from "./page.ts";

/**
 * Finds the documents of an MMC4 shard: one JSON object a line. A line that is none is a bad sample.
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for a file that cannot be used
 * @see Zhu et al. 2023, Multimodal C4, arXiv:2304.06939
 */
export function indexMmc4(path: string, bad: BadSamples): SplitShard {
  return ShardFile.use(path, (file) => {
    refuseZip(path, file.read(0, 2));
    const index = new ShardIndex(0);
    for (const { bytes, start, end, number } of linesOf(file)) {
      try {
        readMmc4({ bytes, file: path, number }, "");
        index.add(String(number), start, end, number);
      } catch (error) {
        bad.add(skippedSample(error));
      }
    }
    return index.split(path);
  });
}

/**
 * Reads a document: each image stands before the sentence of `text_list` that `matched_text_index` says.
 * @param folder of the images, by `image_name`
 * @throws BadSample
 */
export function readMmc4({ bytes, file, number }: Omit<StoredSample, "position">, folder: string): Page {
  const name = `line ${number} of ${basename(file)}`;
  const { text_list: texts, image_info: images } = parsed(bytes, name);
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string"))
    throw new BadSample(name, "it has no text_list");
  if (!Array.isArray(images)) throw new BadSample(name, "it has no image_info");
  const before = new Map<number, PagePart[]>();
  for (const [at, image] of images.entries()) {
    const { image_name: called, matched_text_index: sentence } = isObject(image) ? image : {};
    if (typeof called !== "string" || called === "") throw new BadSample(name, `its image ${at} has no image_name`);
    if (typeof sentence !== "number" || !(sentence in texts))
      throw new BadSample(name, `its image ${at} is matched to none of its ${texts.length} sentences`);
    const part = { image: called, file: insidePath(folder, called) };
    before.set(sentence, [...(before.get(sentence) ?? []), part]);
  }
  if (images.length === 0) throw new BadSample(name, "it has no images");
  return { name, parts: texts.flatMap((text: string, at) => [...(before.get(at) ?? []), { text }]) };
}

function parsed(bytes: Uint8Array, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new BadSample(name, "it is no JSON");
  }
  if (isObject(value)) return value;
  throw new BadSample(name, "it is no JSON object");
}

function refuseZip(path: string, [first, second]: Uint8Array): void {
  if (first !== 0x50 || second !== 0x4b) return;
  throw new FlamingoError("INVALID_DATA", `${path} is a zip archive, and cannot be read from its middle`, {
    source: path,
    fix: `unpack it: unzip ${path}`,
  });
}
