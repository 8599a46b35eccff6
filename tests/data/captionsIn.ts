import type { Batch, OpenSource } from "../../src/data/source.ts";

/** The text after each `<image>` of a batch, up to the end of its chunk. */
export function captionsIn({ tokenizer }: OpenSource, { ids }: Batch): string[] {
  const { image, endOfChunk } = tokenizer!.special;
  const all = [...ids!.data];
  const starts = all.flatMap((id, at) => (id === image ? [at + 1] : []));
  return starts.map((start) => tokenizer!.decode(all.slice(start, all.indexOf(endOfChunk, start))).trim());
}
