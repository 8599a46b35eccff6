import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadTokenizer } from "../../src/data/tokenizerFile.ts";
import type { Outcome } from "./agreement.ts";

interface Text {
  text: string;
  ids: number[];
  ids_with_special: number[];
  decoded: string;
  decoded_skip_special: string;
}

/** Compares a tokenizer.json, as it is read here, with what the library made of some texts. */
export async function compareTokenizer(folder: string): Promise<Outcome> {
  const tokenizer = await loadTokenizer(join(folder, "tokenizer.json"));
  const texts = JSON.parse(await readFile(join(folder, "cases.json"), "utf8")) as Text[];
  const wrong = texts.filter(
    ({ text, ids, ids_with_special, decoded, decoded_skip_special }) =>
      String(tokenizer.encode(text)) !== String(ids) ||
      String(tokenizer.encode(text, true)) !== String(ids_with_special) ||
      tokenizer.decode(ids, true) !== decoded ||
      tokenizer.decode(ids) !== decoded_skip_special,
  );
  const first = wrong[0] && `, not ${JSON.stringify(wrong[0].text)}`;
  return {
    good: wrong.length === 0,
    text: `Tokenizer  ${texts.length - wrong.length} of ${texts.length} texts${first ?? ""}`,
  };
}
