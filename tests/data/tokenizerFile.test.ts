import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { FileTokenizer, loadTokenizer } from "../../src/data/tokenizerFile.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { compareTokenizer } from "../parity/tokenizerCase.ts";

const folder = fileURLToPath(new URL("../fixtures/families/tokenizer-bytelevel-bpe/", import.meta.url));
const file = JSON.parse(readFileSync(`${folder}tokenizer.json`, "utf8")) as {
  model: { merges: [string, string][] };
  added_tokens: { content: string }[];
};

test("ids and texts are those of the library, of every text of the case", async () => {
  expect(await compareTokenizer(folder)).toEqual({ good: true, text: "Tokenizer  60 of 60 texts" });
});

test("merges may be pairs or strings", () => {
  const merges = file.model.merges.map((pair) => pair.join(" "));
  const same = new FileTokenizer({ ...file, model: { ...file.model, merges } });
  for (const text of ["the cat sits", "naïve 猫 🦩"])
    expect(same.encode(text)).toEqual(new FileTokenizer(file).encode(text));
});

test("Flamingo's tokens have the file's ids, or are added after all others", async () => {
  const known = await loadTokenizer(`${folder}tokenizer.json`, { pad_token_id: 0 });
  expect(known.pretrained).toBe(482);
  expect(known.special).toMatchObject({ endOfChunk: 480, image: 481, pad: 0 });
  expect(known.encode("<image>a<|endofchunk|>")).toEqual([481, ...known.encode("a"), 480]);
  const without = { ...file, added_tokens: file.added_tokens.slice(0, 1) };
  const added = new FileTokenizer(without);
  const { pretrained } = added;
  expect(added.special).toMatchObject({ endOfChunk: pretrained, image: pretrained + 1, pad: pretrained + 2 });
  expect(added.encode("<image>a")).toEqual([pretrained + 1, ...added.encode("a")]);
  expect(added.decode([pretrained + 1, ...added.encode("a")])).toBe("a");
  expect(added.decode([pretrained + 1], true)).toBe("<image>");
});

test.each([
  [{}, "tokenizer.json is no tokenizer: model: "],
  [{ model: { vocab: { a: "b" } } }, "tokenizer.json is no tokenizer: model.vocab: "],
  [{ model: { type: "Riddle", vocab: {} } }, "tokenizer.json is no tokenizer: "],
])("%j is refused in one line", (content, message) => {
  const refusal = refusalOf(() => new FileTokenizer(content));
  expect(refusal.code).toBe("INVALID_DATA");
  expect(refusal.message).toContain(message);
  expect(refusal.message).not.toContain("\n");
});
