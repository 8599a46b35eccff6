/** A web page: texts and images in the order in which they are read. */
export interface Page {
  /** What it is called in messages: `line 3 of docs.jsonl`. */
  name: string;
  parts: readonly PagePart[];
}

/** A text, or an image's file; undefined for a file that can be none. */
export type PagePart = { text: string } | { image: string; file: string | undefined };
