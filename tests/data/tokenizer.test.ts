import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emojiConcepts } from "../../src/data/emoji/concepts.ts";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import { Tokenizer, wordsOf } from "../../src/data/tokenizer.ts";

const small = new Tokenizer(["cat", "a", "red", ",", "."]);

describe("Tokenizer", () => {
  test("special tokens stand at fixed places, words in order, and Flamingo's new tokens after the pretrained ones", () => {
    expect(small.words).toEqual(["<pad>", "<bos>", "<eos>", "<unk>", ",", ".", "a", "cat", "red"]);
    expect(small.special).toEqual({
      pad: 0,
      bos: 1,
      eos: 2,
      unk: 3,
      image: small.pretrained,
      endOfChunk: small.pretrained + 1,
    });
    expect([small.word(small.special.image), small.word(small.special.endOfChunk)]).toEqual([
      "<image>",
      "<|endofchunk|>",
    ]);
  });

  test("the order in which words come does not matter", () => {
    expect(new Tokenizer(["red", ".", "cat", "cat", ",", "a"]).words).toEqual(small.words);
  });

  test("words come back as they were, and frames do not", () => {
    const { bos, image, endOfChunk, eos, pad } = small.special;
    expect(small.decode([bos, image, ...small.encode("A red CAT"), endOfChunk, eos, pad])).toBe("a red cat");
  });

  test("a sentence reads as people write it", () => {
    expect(small.decode(small.encode("a cat, a red cat."))).toBe("a cat, a red cat.");
  });

  test("every label of an emoji comes back as it was", () => {
    const words = emojiTokenizer();
    for (const { label } of emojiConcepts()) expect(words.decode(words.encode(label))).toBe(label);
  });

  test("words that are not in the vocabulary are <unk>, and can be listed", () => {
    expect(small.encode("a blue cat")).toEqual([...small.encode("a"), small.special.unk, ...small.encode("cat")]);
    expect(small.unknown("a blue, fast cat")).toEqual(["blue", "fast"]);
  });

  test("no text can smuggle in a special token", () => {
    const words = new Tokenizer(wordsOf("<image> <|endofchunk|> <pad> <bos> a"));
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ids = words.encode(`${text} <image> <pad> <bos> <|endofchunk|> ${text}`);
        return ids.every((id) => id >= words.special.unk && id < words.pretrained);
      }),
    );
  });
});

describe("the words of a text", () => {
  test("are the same whether its accents are part of the letters or not", () => {
    for (const text of ["Café", "naïve Ångström", "\u1ea5m", "İstanbul"])
      expect(wordsOf(text.normalize("NFD"))).toEqual(wordsOf(text.normalize("NFC")));
    expect(wordsOf("Cafe\u0301 au lait")).toEqual(["caf\u00e9", "au", "lait"]);
  });

  test("keep the vowel signs and joiners of their scripts", () => {
    expect(wordsOf("नमस्ते दुनिया")).toEqual(["नमस्ते", "दुनिया"]);
    expect(wordsOf("می\u200cخواهم")).toEqual(["می\u200cخواهم"]);
    expect(wordsOf("สวัสดี, กรุงเทพ")).toEqual(["สวัสดี", ",", "กรุงเทพ"]);
  });

  test("leave nothing of the text out but white space", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const plain = text.normalize("NFC").toLowerCase().normalize("NFC").replace(/[’‘]/g, "'");
        expect(wordsOf(text).join("")).toBe(plain.replaceAll(/\s/gu, ""));
      }),
    );
  });
});
