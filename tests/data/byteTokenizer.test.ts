import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emojiConcepts } from "../../src/data/emoji/concepts.ts";
import { byteSigns, learnMerges } from "../../src/data/texts/bpeTrainer.ts";
import { byteTokenizer } from "../../src/data/texts/byteTokenizer.ts";
import { dictionary } from "../../src/data/texts/dictionary.ts";
import { FileTokenizer } from "../../src/data/tokenizerFile.ts";

const tokenizer = byteTokenizer();
const { pretrained, special } = tokenizer;

describe("the tokenizer of the studio's own language model", () => {
  test.each([
    "a green square",
    "緑色の四角形",
    "🦊 a fox 👩‍👩‍👧 🇯🇵",
    "नमस्ते दुनिया",
    "می‌خواهم",
    "Åse, e\u0301 and é; DON'T",
    "  two  spaces\tand\na line \u0000",
  ])("gives back as it was written: %j", (text) => {
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    expect(tokenizer.unknown()).toEqual([]);
  });

  test("gives back any text of whole characters, and no text can smuggle in a special token", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const whole = `${text}<image>${text}<|endofchunk|><pad><bos>${text}`;
        const ids = tokenizer.encode(whole);
        expect(tokenizer.decode(ids)).toBe(whole);
        return ids.every((id) => id > special.eos && id < pretrained);
      }),
    );
  });

  test("leaves out what frames a text", () => {
    const { bos, image, endOfChunk, eos, pad } = special;
    expect(tokenizer.decode([bos, image, ...tokenizer.encode("a fox"), endOfChunk, eos, pad])).toBe("a fox");
    expect(tokenizer.decode([])).toBe("");
    expect([image, endOfChunk].map((id) => tokenizer.word(id))).toEqual(["<image>", "<|endofchunk|>"]);
  });

  test("knows a word by the same token wherever it stands, and nearly every word of a label as one", () => {
    expect(tokenizer.encode("red heart")).toEqual([...tokenizer.encode("red"), ...tokenizer.encode("heart")]);
    const words = emojiConcepts().flatMap(({ label }) => label.split(" "));
    const tokens = words.reduce((sum, word) => sum + tokenizer.encode(word).length, 0);
    expect(tokens / words.length).toBeLessThan(1.01);
  });

  test("cuts a text off after whole characters", () => {
    for (const text of ["緑色の四角形", "a fox 🦊 and more"]) {
      const ids = tokenizer.encode(text);
      for (let most = 0; most <= ids.length; most++) {
        const start = tokenizer.truncate(text, most);
        expect(text.startsWith(start)).toBe(true);
        expect(tokenizer.encode(start).length).toBeLessThanOrEqual(most);
      }
      expect(tokenizer.truncate(text, ids.length)).toBe(text);
    }
  });

  test("shows a token as a person reads it", () => {
    const shown = (text: string) => tokenizer.encode(text).map((id) => tokenizer.word(id));
    expect(shown("a green square")).toEqual(["a", "green", "square"]);
    expect(shown("\u{2ffff}").join("")).toBe(" <F0><AF><BF><BF>");
  });

  test("is a tokenizer.json that other readers take", async () => {
    const path = new URL("../../src/data/texts/tokenizer.json", import.meta.url);
    const file = new FileTokenizer(JSON.parse(await readFile(path, "utf8")));
    for (const text of ["a green square", "緑色の四角形", " 🦊"])
      expect(file.encode(text)).toEqual(tokenizer.encode(text));
  });
});

describe("learning merges", () => {
  test("takes the most frequent pair first, never across words, and each learnt sign as one", () => {
    expect(learnMerges([["ab ab ab abc", 1]], 3)).toEqual([
      ["a", "b"],
      ["Ġ", "ab"],
    ]);
  });

  test("counts a text as often as it says", () => {
    const merges = learnMerges(
      [
        ["xy", 2],
        ["ab", 3],
      ],
      1,
    );
    expect(merges).toEqual([["a", "b"]]);
  });

  test("every byte has a sign of its own", () => {
    expect(new Set(byteSigns).size).toBe(256);
    expect(byteSigns.join("")).not.toMatch(/\s/);
  });
});

describe("the dictionary", () => {
  const { train, heldOut } = dictionary();

  test("has the entries of WordNet, of which one in a hundred is held out", () => {
    expect(train.length + heldOut.length).toBeGreaterThan(117_000);
    expect(heldOut.length / (train.length + heldOut.length)).toBeCloseTo(0.01, 2);
    const known = new Set(train.map((entry) => JSON.stringify(entry)));
    expect(heldOut.filter((entry) => known.has(JSON.stringify(entry)))).toEqual([]);
  });

  test("divides a line into words, definition and sentences", () => {
    const entry = [...train, ...heldOut].find(({ words }) => words.includes("fire engine"))!;
    expect(entry).toEqual({
      words: ["fire engine", "fire truck"],
      definition: "any of various large trucks that carry firemen and equipment to the site of a fire",
      examples: [],
    });
    const all = [...train, ...heldOut].flatMap(({ definition, examples }) => [definition, ...examples]);
    expect(all.filter((text) => text === "" || /^"|"$|\n/.test(text)).length / all.length).toBeLessThan(0.001);
  });
});
