import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceDefinition } from "../../src/data/source.ts";
import { WebDataset } from "../../src/data/sources/webDataset.ts";
import { formatFile } from "../data/dataFormats.ts";
import { tarFile } from "../data/tarFile.ts";
import { mutatedBytes } from "./mutations.ts";
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
  ];
}

/** Opens a source that may skip a few samples, and takes a batch of it. */
async function firstBatch(source: SourceDefinition, config: Record<string, unknown>): Promise<void> {
  const all = { batch: 4, media: 1, imageSize: 8, heldOut: 0, maxBad: 3, ...config };
  const context = { seed: 1, cache: "", progress: () => {}, warn: () => {} };
  const opened = await source.open(source.config.parse(all), context);
  const batch = await opened.batch(0);
  for (const { shape, data } of Object.values(batch))
    if (data.length !== shape.reduce((product, size) => product * size, 1)) throw new Error("a batch lacks numbers");
}
