import type { TextTokenizer } from "./tokenizer.ts";

/** A text up to its first tokens, so many. A character may have several tokens: it is left out where its last one is. */
export function truncated(text: string, most: number, tokenizer: Pick<TextTokenizer, "encode" | "decode">): string {
  const ids = tokenizer.encode(text);
  if (ids.length <= most) return text;
  for (let length = most; length > 0; length--) {
    const start = tokenizer.decode(ids.slice(0, length));
    if (text.startsWith(start)) return start;
  }
  return "";
}
