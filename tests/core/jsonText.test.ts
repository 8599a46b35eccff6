import { expect, test } from "vitest";
import { FlamingoError } from "../../src/core/errors.ts";
import { parseLimitedJson, parseOutsideJson } from "../../src/core/jsonText.ts";
import { refusalOf } from "./refusalOf.ts";

const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const limits = { depth: 3, values: 5, key: 4 };

test.each(["[[[1]]]", '{"abcd": "efghij"}', "[1, 2, 3, 4]", '{"a\\"": "\\\\", "b": ":"}', "7"])(
  "%s is within the limits, and read",
  (text) => {
    expect(parseLimitedJson(text, limits)).toEqual(JSON.parse(text));
  },
);

test.each([
  [nested(4), "is nested deeper than 3 levels"],
  ['{"abcde": 1}', "has a key of 5 characters, more than 4"],
  ['{"abcde"  : 1}', "has a key of 5 characters, more than 4"],
  ["[1, 2, 3, 4, 5, 6]", "has more than 5 values"],
  ["[[], [], []]", "has more than 5 values"],
])("%s is beyond them", (text, finding) => {
  const { code, message } = refusalOf(() => parseLimitedJson(text, limits));
  expect({ code, message }).toEqual({ code: "USAGE", message: `the JSON cannot be read: it ${finding}` });
});

test.each([
  [nested(50_000), /^the file is nested deeper than 200 levels$/],
  [`{"${"k".repeat(30e6)}": 1}`, /^the file has a key of 30000000 characters, more than 10000$/],
  ["{no", /^the file is no JSON: /],
])("what another program wrote is refused as its reader says", (text, says) => {
  const refuse = (finding: string) => new FlamingoError("INVALID_DATA", `the file ${finding}`);
  const { code, message } = refusalOf(() => parseOutsideJson(text, refuse));
  expect(code).toBe("INVALID_DATA");
  expect(message).toMatch(says);
});
