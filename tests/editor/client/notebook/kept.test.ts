import { describe, expect, test } from "vitest";
import { dropDraft, keepDraft, readDraft, restore } from "../../../../editor/client/notebook/stores/draft.ts";
import { fileName, titleOf } from "../../../../editor/client/notebook/stores/files.ts";
import { keepSent, readSent } from "../../../../editor/client/notebook/stores/sentCells.ts";
import { hashOf, type Route, readRoute } from "../../../../editor/client/stores/route.ts";
import { parseNotebook } from "../../../../kernel/nbformat/notebook.ts";
import { notebookOf } from "../../notebookFixture.ts";

type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

function memory(limit = Number.POSITIVE_INFINITY): Shelf {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => {
      if (value.length > limit) throw new Error("QuotaExceededError");
      items.set(key, value);
    },
    removeItem: (key) => void items.delete(key),
  };
}

function notebook(text: string) {
  const file = parseNotebook(notebookOf({ code: "1 + 1" }), "test");
  const [cell] = file.cells;
  if (cell?.cell_type === "code") cell.outputs = [{ output_type: "stream", name: "stdout", text }];
  return file;
}

describe("a notebook's draft", () => {
  test("comes back as it was kept, until it is dropped", () => {
    const shelf = memory();
    const file = notebook("2");
    expect(keepDraft("a.ipynb", "then", file, shelf)).toBe(true);
    expect(readDraft("a.ipynb", shelf)).toEqual({ modified: "then", file, outputs: true });
    expect(readDraft("b.ipynb", shelf)).toBeUndefined();
    dropDraft("a.ipynb", shelf);
    expect(readDraft("a.ipynb", shelf)).toBeUndefined();
  });

  test("with outputs too large to keep takes those on disk", () => {
    const shelf = memory();
    const file = notebook("x".repeat(3_000_000));
    keepDraft("a.ipynb", "then", file, shelf);
    const draft = readDraft("a.ipynb", shelf)!;
    expect(draft.outputs).toBe(false);
    expect(restore(draft, file)).toEqual(file);
  });

  test("in a full or broken storage breaks nothing", () => {
    expect(keepDraft("a.ipynb", "then", notebook("2"), memory(10))).toBe(false);
    const shelf = memory();
    shelf.setItem("flamingo:notebook:a.ipynb", '{"modified": "then", "file": 3}');
    expect(readDraft("a.ipynb", shelf)).toBeUndefined();
  });
});

test("what was sent to a kernel is known after a reload; another kernel's is not", () => {
  const shelf = memory();
  const sent = { client: "me", cells: { message: "cell" }, open: ["message"] };
  keepSent("kernel", sent, shelf);
  expect(readSent("kernel", shelf)).toEqual(sent);
  expect(readSent("other", shelf)).toMatchObject({ cells: {}, open: [] });
});

test("an address leads to the page that it was made for", () => {
  const routes: Route[] = [
    { page: "pipeline" },
    { page: "pipeline", run: "run-1" },
    { page: "pipeline", pipeline: "mine" },
    { page: "notebooks" },
    { page: "notebook", path: "tutorials/01-what it is?#é.ipynb" },
  ];
  for (const route of routes) expect(readRoute(hashOf(route))).toEqual(route);
  expect(readRoute("#run=../../etc")).toEqual({ page: "pipeline" });
  expect(readRoute("#notebook=%zz")).toEqual({ page: "notebook", path: "%zz" });
});

test("names of files and for people", () => {
  expect(fileName(" my idea ")).toBe("my idea.ipynb");
  expect(fileName("a/b.ipynb")).toBe("a-b.ipynb");
  expect(titleOf("tutorials/02-cross-attention.ipynb")).toEqual({ number: 2, title: "Cross attention" });
  expect(titleOf("idea.ipynb")).toEqual({ title: "idea" });
});
