import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { emojiConcepts } from "../data/emoji/concepts.ts";
import { byteSigns, learnMerges } from "../data/texts/bpeTrainer.ts";
import { dictionary } from "../data/texts/dictionary.ts";
import { translations } from "../data/texts/translations.ts";

// `npm run tokenizer` makes src/data/texts/tokenizer.json, in about a minute. A model that was trained before needs the old one.

const tokens = 6144;
const specials = ["<pad>", "<bos>", "<eos>"];

/** Names of emoji count so often that their words are one token each: captions are short then. */
function* texts(): Generator<readonly [string, number]> {
  for (const { definition, examples } of dictionary().train)
    for (const text of [definition, ...examples]) yield [text, 1];
  for (const { label, tags, group, subgroup } of emojiConcepts()) {
    yield [label, 300];
    for (const text of [...tags, group, subgroup]) yield [text, 50];
  }
  for (const { emoji, others } of translations()) for (const text of [emoji, ...others]) yield [text, 3];
}

const merges = learnMerges(texts(), tokens - specials.length - byteSigns.length);
const signs = [...specials, ...byteSigns, ...merges.map((pair) => pair.join(""))];
const file = {
  version: "1.0",
  added_tokens: specials.map((content, id) => ({
    ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
  })),
  // A space before every text: a word is the same token wherever it stands. The decoder takes it off again.
  normalizer: { type: "Prepend", prepend: " " },
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: "Sequence", decoders: [{ type: "ByteLevel" }, { type: "Strip", content: " ", start: 1, stop: 0 }] },
  model: {
    ...{ type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
    ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false },
    vocab: Object.fromEntries(signs.map((sign, id) => [sign, id])),
    merges: merges.map((pair) => pair.join(" ")),
  },
};
const path = fileURLToPath(new URL("../data/texts/tokenizer.json", import.meta.url));
await writeFile(path, `${JSON.stringify(file)}\n`);
console.log(`${path}: ${signs.length} tokens`);
