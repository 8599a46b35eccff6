import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Contents, type ContentsModel, type ReadOptions } from "../../editor/server/jupyter/contents.ts";
import { notebookJson, readSaved } from "../../editor/server/jupyter/document.ts";
import { Documents } from "../../editor/server/jupyter/documents.ts";
import { emptyNotebook, printNotebook } from "../../kernel/nbformat/notebook.ts";
import { FlamingoError } from "../../src/core/errors.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const notebook = { ...emptyNotebook(), cells: [{ cell_type: "raw" as const, id: "a", metadata: {}, source: "1\n2" }] };

/** A user's folder with a secret beside it, and tutorials. */
function openContents() {
  const folder = realpathSync(temporaryFolder());
  const roots = { own: join(folder, "own"), tutorials: join(folder, "tutorials") };
  mkdirSync(roots.own);
  mkdirSync(roots.tutorials);
  writeFileSync(join(roots.tutorials, "01.ipynb"), printNotebook(notebook));
  writeFileSync(join(folder, "secret.txt"), "secret");
  return { ...roots, folder, contents: new Contents(roots, new Documents()) };
}

const whole = { content: true };

/** Saves as a client does: by JSON. */
function save(contents: Contents, path: string, request: object) {
  return contents.save(path, Buffer.from(JSON.stringify(request)));
}

/** Reads as a client does: a notebook's content comes as JSON. */
async function get(contents: Contents, path: string, options: ReadOptions): Promise<ContentsModel> {
  const { model, json } = await contents.get(path, options);
  return json ? { ...model, content: JSON.parse(Buffer.from(json).toString()) } : model;
}

async function refused(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof FlamingoError) return error.code;
    throw error;
  }
  throw new Error("it was not refused");
}

function names(model: { content: unknown }): string[] {
  return (model.content as { name: string }[]).map(({ name }) => name);
}

test("shows the user's own files, and the tutorials as a folder that is only read", async () => {
  const { contents, own } = openContents();
  writeFileSync(join(own, "b.txt"), "b");
  writeFileSync(join(own, ".hidden"), "");
  mkdirSync(join(own, "a"));
  const top = await get(contents, "", whole);
  expect(top).toMatchObject({ path: "", type: "directory", writable: true });
  expect(names(top)).toEqual(["tutorials", "a", "b.txt"]);
  const tutorials = await get(contents, "tutorials", whole);
  expect(tutorials).toMatchObject({ writable: false });
  expect(names(tutorials)).toEqual(["01.ipynb"]);
});

test("shows an empty folder before the first notebook is saved", async () => {
  const { contents } = {
    contents: new Contents({ own: "/nowhere/own", tutorials: "/nowhere/tutorials" }, new Documents()),
  };
  expect(names(await get(contents, "", whole))).toEqual([]);
});

test("saves a notebook and reads the same one back", async () => {
  const { contents, own } = openContents();
  const request = { type: "notebook", format: "json", content: notebook } as const;
  expect(await save(contents, "n.ipynb", request)).toMatchObject({
    created: true,
    model: { path: "n.ipynb", content: null },
  });
  expect(await save(contents, "n.ipynb", request)).toMatchObject({ created: false });
  expect(await get(contents, "n.ipynb", whole)).toMatchObject({ type: "notebook", format: "json", content: notebook });
  expect(readFileSync(join(own, "n.ipynb"), "utf8")).toBe(printNotebook(notebook));
  expect(await get(contents, "n.ipynb", { content: false })).toMatchObject({ content: null, format: null });
});

test("saves texts and bytes as they are", async () => {
  const { contents } = openContents();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      const content = Buffer.from(bytes).toString("base64");
      await save(contents, "f.bin", { type: "file", format: "base64", content });
      expect(await get(contents, "f.bin", { ...whole, format: "base64" })).toMatchObject({ format: "base64", content });
    }),
    { numRuns: 20 },
  );
  await save(contents, "t.txt", { type: "file", format: "text", content: "é\n" });
  expect(await get(contents, "t.txt", whole)).toMatchObject({ format: "text", content: "é\n", mimetype: "text/plain" });
});

test("makes new things under names that are free", async () => {
  const { contents } = openContents();
  const made = [];
  for (const type of ["notebook", "notebook", "directory", "directory", "file"] as const)
    made.push((await contents.create("", { type })).path);
  expect(made).toEqual(["Untitled.ipynb", "Untitled1.ipynb", "Untitled Folder", "Untitled Folder 1", "untitled.txt"]);
  expect((await get(contents, "Untitled.ipynb", whole)).content).toMatchObject({ nbformat: 4, cells: [] });
});

test("copies a tutorial out, for the copy to be changed", async () => {
  const { contents } = openContents();
  expect(await contents.create("", { copy_from: "tutorials/01.ipynb" })).toMatchObject({
    path: "01.ipynb",
    writable: true,
  });
  expect(await contents.create("", { copy_from: "01.ipynb" })).toMatchObject({ path: "01-Copy1.ipynb" });
  expect((await get(contents, "01-Copy1.ipynb", whole)).content).toEqual(notebook);
});

test("leaves tutorials as they are", async () => {
  const { contents, tutorials } = openContents();
  await save(contents, "a.txt", { format: "text", content: "" });
  const tries = [
    () => save(contents, "tutorials/01.ipynb", { type: "notebook", content: emptyNotebook() }),
    () => save(contents, "tutorials/new.txt", { content: "" }),
    () => contents.create("tutorials", { type: "notebook" }),
    () => contents.rename("tutorials/01.ipynb", "mine.ipynb"),
    () => contents.rename("a.txt", "tutorials/a.txt"),
    () => contents.delete("tutorials/01.ipynb"),
    () => contents.delete("tutorials"),
    () => contents.addCheckpoint("tutorials/01.ipynb"),
    () => save(contents, "tutorials", { type: "directory", content: null }),
  ];
  for (const attempt of tries) expect(await refused(attempt())).toBe("FORBIDDEN");
  expect(readFileSync(join(tutorials, "01.ipynb"), "utf8")).toBe(printNotebook(notebook));
});

test("renames and deletes, and overwrites nothing by that", async () => {
  const { contents, own } = openContents();
  for (const name of ["a.txt", "b.txt"]) await save(contents, name, { format: "text", content: name });
  expect(await refused(contents.rename("a.txt", "b.txt"))).toBe("CONFLICT");
  expect(await contents.rename("a.txt", "c.txt")).toMatchObject({ path: "c.txt" });
  expect(await refused(get(contents, "a.txt", whole))).toBe("NOT_FOUND");
  await contents.delete("c.txt");
  expect(existsSync(join(own, "c.txt"))).toBe(false);
  await contents.create("", { type: "directory" });
  await save(contents, "Untitled Folder/x.txt", { format: "text", content: "" });
  expect(await refused(contents.delete("Untitled Folder"))).toBe("CONFLICT");
  await contents.delete("Untitled Folder/x.txt");
  await contents.delete("Untitled Folder");
  expect(names(await get(contents, "", whole))).toEqual(["tutorials", "b.txt"]);
});

test("sets a file back to its checkpoint", async () => {
  const { contents } = openContents();
  await save(contents, "a.txt", { format: "text", content: "first" });
  expect(await contents.checkpoints("a.txt")).toEqual([]);
  const { id } = await contents.addCheckpoint("a.txt");
  await save(contents, "a.txt", { format: "text", content: "second" });
  expect(await contents.checkpoints("a.txt")).toMatchObject([{ id }]);
  await contents.restoreCheckpoint("a.txt", id);
  expect(await get(contents, "a.txt", whole)).toMatchObject({ content: "first" });
  await contents.deleteCheckpoint("a.txt", id);
  expect(await refused(contents.restoreCheckpoint("a.txt", id))).toBe("NOT_FOUND");
});

test("has no way out of its folders: by dots, links, zero bytes or hidden names", async () => {
  const { contents, own, folder } = openContents();
  symlinkSync(folder, join(own, "out"));
  symlinkSync(join(folder, "secret.txt"), join(own, "secret.txt"));
  symlinkSync(join(folder, "new.txt"), join(own, "dangling.txt"));
  symlinkSync(own, join(own, "self"));
  await save(contents, "plain.txt", { format: "text", content: "" });
  const ways = [
    "../secret.txt",
    "..",
    "tutorials/../../secret.txt",
    "out/secret.txt",
    "secret.txt",
    "dangling.txt",
    "out/new.txt",
    "..\\secret.txt",
    "plain.txt\0.txt",
    ".hidden.txt",
    ".ipynb_checkpoints/plain-checkpoint.txt",
  ];
  for (const way of ways) {
    const asked = [
      () => get(contents, way, whole),
      () => save(contents, way, { format: "text", content: "x" }),
      () => contents.create("", { copy_from: way }),
      () => contents.rename("plain.txt", way),
      () => contents.rename(way, "mine.txt"),
      () => contents.delete(way),
      () => contents.checkpoints(way),
    ];
    for (const attempt of asked) expect(await refused(attempt()), way).toBe("NOT_FOUND");
  }
  expect(readFileSync(join(folder, "secret.txt"), "utf8")).toBe("secret");
  expect(existsSync(join(folder, "new.txt"))).toBe(false);
  expect(names(await get(contents, "", whole))).toEqual(["tutorials", "plain.txt"]);
});

test("keeps checkpoints inside too, whatever their folder is a link to", async () => {
  const { contents, own, folder } = openContents();
  symlinkSync(folder, join(own, ".ipynb_checkpoints"));
  await save(contents, "a.txt", { format: "text", content: "a" });
  expect(await refused(contents.addCheckpoint("a.txt"))).toBe("NOT_FOUND");
});

test("says in words what is no notebook, and gives its text all the same", async () => {
  const { contents, own } = openContents();
  writeFileSync(join(own, "broken.ipynb"), "{");
  expect(await refused(get(contents, "broken.ipynb", whole))).toBe("INVALID_NOTEBOOK");
  expect(await get(contents, "broken.ipynb", { ...whole, type: "file" })).toMatchObject({ type: "file", content: "{" });
  const bad = { type: "notebook", content: { nbformat: 3 } } as const;
  expect(await refused(save(contents, "new.ipynb", bad))).toBe("INVALID_NOTEBOOK");
  expect(existsSync(join(own, "new.ipynb"))).toBe(false);
});

test("kernels work in their notebook's folder, and for a tutorial in the user's own", async () => {
  const { contents, own } = openContents();
  await contents.create("", { type: "directory" });
  expect(await contents.folderOf("Untitled Folder/n.ipynb")).toBe(join(own, "Untitled Folder"));
  for (const path of ["n.ipynb", "tutorials/01.ipynb", "not/there.ipynb", "../n.ipynb"])
    expect(await contents.folderOf(path)).toBe(own);
});

test("refuses content that is no base64, and takes any that is", async () => {
  const { contents } = openContents();
  for (const content of ["!!!", "a", "YQ=a", "YWJj_-", "YQ==YQ=="])
    expect(await refused(save(contents, "f.bin", { format: "base64", content })), content).toBe("USAGE");
  for (const content of ["", "YQ", "YQ==", "YWJj\nYWJj\n"])
    expect(await save(contents, "f.bin", { format: "base64", content })).toBeDefined();
});

test("refuses notebooks that are nested too deep or have too many values, and says so", async () => {
  const { contents, own } = openContents();
  const cells = (metadata: string) => `{"nbformat":4,"nbformat_minor":5,"metadata":${metadata},"cells":[]}`;
  const deep = cells(`{"a":${"[".repeat(4000)}${"]".repeat(4000)}}`);
  const wide = cells(`{"a":[${"[],".repeat(2_100_000)}[]]}`);
  for (const [text, said] of [
    [deep, "nested deeper than 200 levels"],
    [wide, "more than 2000000 values"],
  ] as const) {
    writeFileSync(join(own, "n.ipynb"), text);
    await expect(get(contents, "n.ipynb", whole)).rejects.toMatchObject({
      code: "INVALID_NOTEBOOK",
      message: expect.stringContaining(said),
    });
    const body = Buffer.from(`{"type":"notebook","content":${text}}`);
    await expect(contents.save("m.ipynb", body)).rejects.toMatchObject({ code: "USAGE" });
  }
});

test("reads and writes a large notebook as it does a small one, without holding up anything else", async () => {
  const { contents, own } = openContents();
  const source = "x".repeat(1000);
  const cells = Array.from({ length: 10_000 }, (_, at) => ({ cell_type: "raw", id: `c${at}`, metadata: {}, source }));
  const body = Buffer.from(JSON.stringify({ type: "notebook", content: { ...emptyNotebook(), cells } }));
  const began = performance.now();
  const atOnce = notebookJson(readSaved(body, "large.ipynb").bytes, "large.ipynb");
  const whole = performance.now() - began;
  let longest = 0;
  let before = performance.now();
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - before);
    before = performance.now();
  }, 5);
  await contents.save("large.ipynb", body);
  const { model, json } = await contents.get("large.ipynb", { content: true });
  clearInterval(watch);
  expect(model).toMatchObject({ type: "notebook", format: "json" });
  expect(Buffer.from(json!).equals(atOnce)).toBe(true);
  expect(readFileSync(join(own, "large.ipynb")).length).toBeGreaterThan(10_000_000);
  expect(longest).toBeLessThan(whole / 2);
});

test("says of a file that is too large to be shown where it can be had", async () => {
  const { contents, own } = openContents();
  for (const name of ["huge.bin", "huge.ipynb"]) {
    writeFileSync(join(own, name), "");
    truncateSync(join(own, name), 600 * 1024 * 1024);
    await expect(get(contents, name, whole)).rejects.toMatchObject({
      code: "USAGE",
      details: { fix: `get the file itself: /files/${name}` },
    });
    expect(await contents.file(name)).toMatchObject({ file: join(own, name) });
  }
});
