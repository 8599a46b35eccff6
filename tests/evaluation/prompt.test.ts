import { describe, expect, test } from "vitest";
import { type Prompt, padRows, promptTokens } from "../../src/evaluation/prompt.ts";
import { continuationOf, findTemplate, labelOf, promptOf } from "../../src/evaluation/promptTemplate.ts";
import { imageOf, words } from "./opinionGraph.ts";

const [cat, dog] = [imageOf(0), imageOf(1)];
const written = (prompt: Prompt, closed = false) =>
  promptTokens(prompt, words, closed)
    .ids.map((id) => words.word(id))
    .join(" ");

describe("a prompt", () => {
  test.each<[Prompt, string]>([
    [[], "<bos>"],
    [[cat], "<bos> <image>"],
    [[cat, "a cat"], "<bos> <image> a cat"],
    [[cat, "a cat", dog], "<bos> <image> a cat <|endofchunk|> <image>"],
    [[cat, dog, "a dog"], "<bos> <image> <image> a dog"],
    [["a cat", "a dog", cat, "a"], "<bos> a cat <|endofchunk|> a dog <|endofchunk|> <image> a"],
    [[cat, words.encode("red sky"), dog], "<bos> <image> red sky <|endofchunk|> <image>"],
  ])("has a tag for each of the media, and ends each text that anything follows: %#", (prompt, expected) => {
    expect(written(prompt)).toBe(expected);
    expect(promptTokens(prompt, words).media).toEqual(prompt.filter((item) => item === cat || item === dog));
  });

  test("is closed where asked", () => {
    expect(written([cat, "a cat"], true)).toBe("<bos> <image> a cat <|endofchunk|>");
  });

  test("takes what looks like a token in a text for text", () => {
    const { ids } = promptTokens([cat, "<image>"], words);
    expect(ids.filter((id) => id === words.special.image)).toHaveLength(1);
  });
});

test("rows are padded at either side", () => {
  expect([...padRows([[1, 2, 3], [4]], 0, "end")]).toEqual([1, 2, 3, 4, 0, 0]);
  expect([...padRows([[1, 2, 3], [4]], 0, "start")]).toEqual([1, 2, 3, 0, 0, 4]);
});

describe("a template", () => {
  const query = { media: [cat], fields: { question: "What is it?" } };
  const shot = { media: [dog], fields: { question: "And this?" }, answers: ["a dog", "a cat", "a dog"] };

  test("writes the query up to the answer, and examples with theirs, the last one right before the query", () => {
    const question = findTemplate("question");
    expect(promptOf(question, query)).toEqual([cat, "Question: What is it? Answer:"]);
    expect(promptOf(question, query, [shot])).toEqual([
      dog,
      "Question: And this? Answer: a dog",
      cat,
      "Question: What is it? Answer:",
    ]);
    expect(continuationOf(question, "a cat")).toBe(" a cat");
    expect(promptOf(findTemplate("caption"), query)).toEqual([cat]);
    expect(continuationOf(findTemplate("caption"), "a cat")).toBe("a cat");
  });

  test("writes examples without their media as texts: the paper's prompt without shots", () => {
    const shown = [
      { media: [], captions: ["a cat"] },
      { media: [], captions: ["a dog"] },
    ];
    const prompt = promptOf(findTemplate("output"), { media: [cat] }, shown);
    expect(prompt).toEqual(["Output: a cat", "Output: a dog", cat, "Output:"]);
  });

  test("names a field that an example lacks, and a template that there is not", () => {
    expect(() => promptOf(findTemplate("question"), { media: [cat] })).toThrow('an example lacks the field "question"');
    expect(() => findTemplate("riddle")).toThrow('there is no prompt template "riddle"');
  });

  test("labels are the first caption, the most frequent answer or the right candidate", () => {
    expect(labelOf({ media: [], captions: ["a", "b"] })).toBe("a");
    expect(labelOf(shot)).toBe("a dog");
    expect(labelOf({ media: [], candidates: ["no", "yes"], right: 1 })).toBe("yes");
    expect(() => labelOf({ media: [] })).toThrow("an example has no label");
  });
});
