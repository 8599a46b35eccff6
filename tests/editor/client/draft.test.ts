import { expect, test } from "vitest";
import { keepDraft, readDraft, type Shelf } from "../../../editor/client/edit/draft.ts";
import { emptyPipeline } from "../../../src/pipeline/schema.ts";
import { chain } from "./catalog.ts";

function memory(): Shelf {
  const items = new Map<string, string>();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}

test("a draft comes back as it was kept", () => {
  const shelf = memory();
  const draft = { pipeline: chain, id: "mine", rev: "7", template: false, changed: true };
  expect(keepDraft(shelf, draft)).toBe(true);
  expect(readDraft(shelf)).toEqual(draft);
});

test("an empty pipeline never takes the place of a full one", () => {
  const shelf = memory();
  const empty = { pipeline: emptyPipeline(), template: false, changed: true };
  expect(keepDraft(shelf, empty)).toBe(true);
  keepDraft(shelf, { ...empty, pipeline: chain });
  expect(keepDraft(shelf, empty)).toBe(false);
  expect(readDraft(shelf)!.pipeline).toEqual(chain);
});

test("a broken draft or a full storage breaks nothing", () => {
  const shelf = memory();
  shelf.setItem("flamingo:draft", '{"pipeline": 3}');
  expect(readDraft(shelf)).toBeUndefined();
  const full = {
    ...memory(),
    setItem: () => {
      throw new Error("QuotaExceededError");
    },
  };
  expect(keepDraft(full, { pipeline: chain, template: false, changed: true })).toBe(false);
});
