import fc from "fast-check";
import { expect, test } from "vitest";
import { suggestion } from "../../src/core/suggestion.ts";

const names = ["emoji-captions", "moving-shapes", "named-shapes", "pretrain-language", "pretrain-vision"];
const otherwise = "name a template";

test.each([
  ["emoji-captoins", "emoji-captions"],
  ["emoji-caption", "emoji-captions"],
  ["Emoji-Captions", "emoji-captions"],
  ["namedshapes", "named-shapes"],
  ["pretrain-lanugage", "pretrain-language"],
])("%s was meant to be %s", (given, meant) => {
  expect(suggestion(given, names, otherwise)).toBe(`did you mean ${meant}? If not, ${otherwise}`);
});

test("of a path only the last part counts, without its ending", () => {
  const files = ["/a/long/way/down/other.json", "/a/long/way/down/b.json"];
  expect(suggestion("/a/long/way/down/ohter.json", files, otherwise)).toContain(
    "did you mean /a/long/way/down/other.json?",
  );
  expect(suggestion("emoji-captoins.json", names, otherwise)).toContain("did you mean emoji-captions?");
  expect(suggestion("/a/long/way/down/first.json", files, otherwise)).toBe(otherwise);
  expect(suggestion("/a/long/way/down/a.json", files, otherwise)).toBe(otherwise);
});

test.each(["", "x", "captions", "something else"])('"%s" is like none of the names', (given) => {
  expect(suggestion(given, names, otherwise)).toBe(otherwise);
});

test("two neighbours that are swapped, a letter too many and a letter too few are all mended", () => {
  const edits = fc.tuple(fc.constantFrom(...names), fc.nat(), fc.constantFrom("swap", "add", "remove"));
  fc.assert(
    fc.property(edits, ([name, place, kind]) => {
      const at = place % (name.length - 1);
      const letters = [...name];
      if (kind === "swap") letters.splice(at, 2, letters[at + 1]!, letters[at]!);
      if (kind === "add") letters.splice(at, 0, "q");
      if (kind === "remove") letters.splice(at, 1);
      expect(suggestion(letters.join(""), names, otherwise)).toContain(`did you mean ${name}?`);
    }),
  );
});
