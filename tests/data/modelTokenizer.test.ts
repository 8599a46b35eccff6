import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openModelTokenizer } from "../../src/data/modelTokenizer.ts";
import { loadTokenizer } from "../../src/data/tokenizerFile.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { languageFolder, tokens } from "../models/languageFolder.ts";

/** The tokenizer of a model with more rows than it has tokens. */
const origin = () => ({ file: join(languageFolder(), "tokenizer.json"), vocabulary: 484, special: {} });
const texts = ["the cat sits", "緑色の四角形 🦩", "naïve  spaces\n", "<image>a<|endofchunk|><|endoftext|>", ""];

test("any text has ids and comes back from them as it was written, special tokens in it too", () => {
  const tokenizer = openModelTokenizer(origin());
  for (const text of texts) {
    const ids = tokenizer.encode(text);
    expect(Math.max(-1, ...ids)).toBeLessThan(tokens);
    expect(ids).not.toContain(tokenizer.special.eos);
    expect(tokenizer.decode(ids)).toBe(text);
    expect(tokenizer.unknown(text)).toEqual([]);
  }
});

test("ids are those of the library", async () => {
  const from = origin();
  const [tokenizer, library] = [openModelTokenizer(from), await loadTokenizer(from.file)];
  for (const text of texts.filter((each) => !each.includes("<")))
    expect(tokenizer.encode(text)).toEqual(library.encode(text));
});

test("Flamingo's tokens have the first new rows, which are no part of a text", () => {
  const tokenizer = openModelTokenizer(origin());
  expect(tokenizer.pretrained).toBe(484);
  expect(tokenizer.special).toEqual({ bos: 0, eos: 0, unk: 0, pad: 0, endOfChunk: 484, image: 485 });
  const { image, endOfChunk, bos } = tokenizer.special;
  expect(tokenizer.decode([bos, image, ...tokenizer.encode("a cat"), endOfChunk, 482])).toBe("a cat");
  expect([image, endOfChunk, bos].map((id) => tokenizer.word(id))).toEqual([
    "<image>",
    "<|endofchunk|>",
    "<|endoftext|>",
  ]);
});

test("the ids that the model's config.json gives hold, and tokens that the file has keep theirs", () => {
  const special = { pad: 7, image: 491, endOfChunk: 490 };
  expect(openModelTokenizer({ ...origin(), vocabulary: 490, special }).special).toMatchObject(special);
  const whole = fileURLToPath(new URL("../fixtures/families/tokenizer-bytelevel-bpe/tokenizer.json", import.meta.url));
  const known = openModelTokenizer({ file: whole, vocabulary: 500, special: {} });
  expect(known.special).toMatchObject({ endOfChunk: 480, image: 481 });
});

test("a text is cut off between characters", () => {
  const tokenizer = openModelTokenizer(origin());
  const text = "a 猫 b";
  for (let most = 0; most <= tokenizer.encode(text).length; most++) {
    const cut = tokenizer.truncate(text, most);
    expect(text.startsWith(cut)).toBe(true);
    expect(tokenizer.encode(cut).length).toBeLessThanOrEqual(most);
  }
});

test("a file that is none is refused in one line", () => {
  const nowhere = refusalOf(() => openModelTokenizer({ file: "/nowhere.json", vocabulary: 1, special: {} }));
  expect(nowhere).toMatchObject({ code: "INVALID_DATA" });
});
