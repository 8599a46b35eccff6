import { fileURLToPath } from "node:url";

/** Path of small data in an owner's format, as `tests/fixtures/makeDataFormats.py` made it. */
export function formatFile(name: string): string {
  return fileURLToPath(new URL(`../fixtures/formats/${name}`, import.meta.url));
}

const images = formatFile("coco/images");
const size = { batch: 3, imageSize: 16 };

/** A configuration of each source of data that is read as it goes, on the owners' own files. */
export const formatSources: Record<string, Record<string, unknown>> = {
  WebDataset: { ...size, shards: formatFile("pairs-{000000..000001}.tar"), media: 1, shuffle: 6 },
  CaptionFile: { ...size, file: formatFile("coco/captions.json"), images, media: 1, shuffle: 6 },
  VisualQuestions: {
    ...{ ...size, questions: formatFile("vqa/questions.json"), annotations: formatFile("vqa/annotations.json") },
    ...{ images, media: 1, shuffle: 12 },
  },
  Mmc4: { ...size, batch: 2, shards: formatFile("mmc4.jsonl"), images, media: 3, length: 48, shuffle: 4 },
};
