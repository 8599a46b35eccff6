import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { SourceDefinition } from "../../src/data/source.ts";
import { CaptionFile } from "../../src/data/sources/captionFile.ts";
import { Mmc4 } from "../../src/data/sources/mmc4.ts";
import { VisualQuestions } from "../../src/data/sources/visualQuestions.ts";
import { WebDataset } from "../../src/data/sources/webDataset.ts";
import { formatFile } from "../data/dataFormats.ts";
import { tarFile } from "../data/tarFile.ts";
import { mutatedBytes, mutatedJson, mutatedText } from "./mutations.ts";
import { type Reader, reader } from "./reader.ts";

/** Readers of data sets in the formats of their owners. @param folder is theirs to write in */
export function dataReaders(folder: string): Reader[] {
  const place = join(folder, "data");
  mkdirSync(place, { recursive: true });
  const picture = readFileSync(formatFile("coco/images/COCO_train2014_000000000000.jpg"));
  const shard = tarFile([
    ["a.jpg", picture],
    ["a.txt", "a square"],
    ["b.jpg", picture],
    ["b.json", '{"caption": ["a circle", "round"]}'],
  ]);
  return [
    reader({
      name: "WebDataset shards",
      inputs: mutatedBytes([shard]),
      right: shard,
      read: (bytes) => {
        const file = join(place, "shard.tar");
        writeFileSync(file, bytes);
        return firstBatch(WebDataset, { shards: file });
      },
    }),
    reader({
      name: "caption files",
      inputs: fc.oneof(
        ...Object.entries(captionFiles).map(([name, text]) =>
          mutatedText(text).map((changed) => ({ name, text: changed })),
        ),
        mutatedJson(coco).map((value) => ({ name: "c.json", text: JSON.stringify(value) ?? "" })),
      ),
      right: { name: "c.json", text: JSON.stringify(coco) },
      read: ({ name, text }) => {
        writeFileSync(join(place, name), text);
        return firstBatch(CaptionFile, { file: join(place, name), images });
      },
    }),
    reader({
      name: "MMC4 documents",
      inputs: fc.oneof(
        mutatedText(`${pages}\n${pages}`),
        mutatedJson(JSON.parse(pages)).map((value) => `${JSON.stringify(value)}\n${pages}`),
      ),
      right: pages,
      read: (text) => {
        const file = join(place, "pages.jsonl");
        writeFileSync(file, text);
        return firstBatch(Mmc4, { shards: file, images, length: 24 });
      },
    }),
    reader({
      name: "VQA files",
      inputs: fc.oneof(
        mutatedJson(questions).map((value) => ({ questions: value, annotations }) as Record<string, unknown>),
        mutatedJson(annotations).map((value) => ({ questions, annotations: value }) as Record<string, unknown>),
      ),
      right: { questions, annotations } as Record<string, unknown>,
      read: (files) => {
        const paths = Object.fromEntries(
          ["questions", "annotations"].map((name) => [name, join(place, `${name}.json`)]),
        );
        for (const [name, path] of Object.entries(paths)) writeFileSync(path, JSON.stringify(files[name]) ?? "");
        return firstBatch(VisualQuestions, { ...paths, images });
      },
    }),
  ];
}

const images = formatFile("coco/images");
const coco = {
  images: [0, 1].map((id) => ({ id, file_name: `COCO_train2014_00000000000${id}.jpg` })),
  annotations: [0, 1, 1].map((id) => ({ image_id: id, caption: "a square" })),
};
const captionFiles = {
  "c.jsonl":
    '{"file": "COCO_train2014_000000000000.jpg", "caption": "a"}\n{"file_name": "COCO_train2014_000000000001.jpg", "text": "b"}\n',
  "c.tsv": "filepath\ttitle\nCOCO_train2014_000000000000.jpg\ta square\nCOCO_train2014_000000000001.jpg\tb\n",
};
const pages = readFileSync(formatFile("mmc4.jsonl"), "utf8").split("\n", 1)[0]!;
const ids = [0, 1].map((id) => ({ image_id: id, question_id: id }));
const questions = { data_subtype: "train2014", questions: ids.map((each) => ({ ...each, question: "What?" })) };
const annotations = {
  annotations: ids.map((each) => ({ ...each, multiple_choice_answer: "that", answers: [{ answer: "that" }] })),
};

/** Opens a source that may skip a few samples, and takes a batch of it. */
async function firstBatch(definition: unknown, config: Record<string, unknown>): Promise<void> {
  const source = definition as SourceDefinition;
  const all = { batch: 4, media: 1, imageSize: 8, shuffle: 4, maxBad: 3, ...config };
  const context = { seed: 1, cache: "", progress: () => {}, warn: () => {} };
  const opened = await source.open(source.config.parse(all), context);
  const batch = await opened.batch(0);
  for (const { shape, data } of Object.values(batch))
    if (data.length !== shape.reduce((product, size) => product * size, 1)) throw new Error("a batch lacks numbers");
}
