import { basename } from "node:path";
import { FlamingoError } from "../../core/errors.ts";
import { isObject } from "../../core/json.ts";
import type { BadSamples } from "../shards/badSamples.ts";
import { readJsonFile } from "../shards/textFile.ts";
import type { CaptionedFile } from "./captionedFile.ts";

/**
 * Reads COCO captions: `images` with `id` and `file_name`, and `annotations` with `image_id` and `caption`.
 * @throws FlamingoError NOT_FOUND or INVALID_DATA for a file that is none
 * @see Chen et al. 2015, Microsoft COCO Captions, arXiv:1504.00325
 */
export function readCocoCaptions(path: string, bad: BadSamples): CaptionedFile[] {
  const value = readJsonFile(path);
  const { images, annotations } = isObject(value) ? value : {};
  if (!Array.isArray(images) || !Array.isArray(annotations)) {
    const message = `${path} has no lists "images" and "annotations", as COCO captions have`;
    throw new FlamingoError("INVALID_DATA", message, { source: path, fix: "name a captions_*.json of COCO" });
  }
  const file = basename(path);
  const found = new Map<unknown, CaptionedFile>();
  for (const [at, image] of images.entries()) {
    if (isObject(image) && typeof image.file_name === "string" && image.file_name !== "")
      found.set(image.id, { file: image.file_name, captions: [] });
    else bad.add({ name: `image ${at} of ${file}`, reason: "it has no file_name" });
  }
  for (const [at, annotation] of annotations.entries()) {
    const { image_id: id, caption } = isObject(annotation) ? annotation : {};
    const name = `annotation ${at} of ${file}`;
    if (typeof caption !== "string" || caption.trim() === "") bad.add({ name, reason: "it has no caption" });
    else if (!found.has(id)) bad.add({ name, reason: `its image ${JSON.stringify(id)} is not among the images` });
    else found.get(id)!.captions.push(caption.trim());
  }
  for (const { file: image, captions } of found.values())
    if (captions.length === 0) bad.add({ name: `${image} of ${file}`, reason: "it has no caption" });
  return [...found.values()].filter(({ captions }) => captions.length > 0);
}
