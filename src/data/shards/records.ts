import { ShardIndex, type SplitShard, type StoredSample } from "./shard.ts";

/** Something that was read from a document that can only be read whole. */
export interface StoredRecord<T> {
  /** By which it is held out or not. */
  name: string;
  /** Its place in the document: a line, say. */
  number: number;
  value: T;
}

/**
 * Puts records into shared memory, as a shard of which each is read as its turn comes: threads share them, and no copy of all is made.
 * @param heldOut share of records to hold out, by their names
 */
export function recordShard<T>(file: string, records: readonly StoredRecord<T>[], heldOut: number): SplitShard {
  const index = new ShardIndex(heldOut);
  const texts = records.map(({ value }) => Buffer.from(JSON.stringify(value)));
  const bytes = new Uint8Array(new SharedArrayBuffer(texts.reduce((sum, { length }) => sum + length, 0)));
  let at = 0;
  for (const [place, text] of texts.entries()) {
    const { name, number } = records[place]!;
    bytes.set(text, at);
    index.add(name, at, at + text.length, number);
    at += text.length;
  }
  return index.split(file, bytes);
}

export function readRecord<T>({ bytes }: StoredSample): T {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as T;
}
