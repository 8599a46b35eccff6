import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Contents } from "../../editor/server/jupyter/contents.ts";
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
  return { ...roots, folder, contents: new Contents(roots) };
}

const whole = { content: true };

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
  const top = await contents.get("", whole);
  expect(top).toMatchObject({ path: "", type: "directory", writable: true });
  expect(names(top)).toEqual(["tutorials", "a", "b.txt"]);
  const tutorials = await contents.get("tutorials", whole);
  expect(tutorials).toMatchObject({ writable: false });
  expect(names(tutorials)).toEqual(["01.ipynb"]);
});

test("shows an empty folder before the first notebook is saved", async () => {
  const { contents } = { contents: new Contents({ own: "/nowhere/own", tutorials: "/nowhere/tutorials" }) };
  expect(names(await contents.get("", whole))).toEqual([]);
});

test("saves a notebook and reads the same one back", async () => {
  const { contents, own } = openContents();
  const request = { type: "notebook", format: "json", content: notebook } as const;
  expect(await contents.save("n.ipynb", request)).toMatchObject({
    created: true,
    model: { path: "n.ipynb", content: null },
  });
  expect(await contents.save("n.ipynb", request)).toMatchObject({ created: false });
  expect(await contents.get("n.ipynb", whole)).toMatchObject({ type: "notebook", format: "json", content: notebook });
  expect(readFileSync(join(own, "n.ipynb"), "utf8")).toBe(printNotebook(notebook));
  expect(await contents.get("n.ipynb", { content: false })).toMatchObject({ content: null, format: null });
});

test("saves texts and bytes as they are", async () => {
  const { contents } = openContents();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      const content = Buffer.from(bytes).toString("base64");
      await contents.save("f.bin", { type: "file", format: "base64", content });
      expect(await contents.get("f.bin", { ...whole, format: "base64" })).toMatchObject({ format: "base64", content });
    }),
    { numRuns: 20 },
  );
  await contents.save("t.txt", { type: "file", format: "text", content: "é\n" });
  expect(await contents.get("t.txt", whole)).toMatchObject({ format: "text", content: "é\n", mimetype: "text/plain" });
});

test("makes new things under names that are free", async () => {
  const { contents } = openContents();
  const made = [];
  for (const type of ["notebook", "notebook", "directory", "directory", "file"] as const)
    made.push((await contents.create("", { type })).path);
  expect(made).toEqual(["Untitled.ipynb", "Untitled1.ipynb", "Untitled Folder", "Untitled Folder 1", "untitled.txt"]);
  expect((await contents.get("Untitled.ipynb", whole)).content).toMatchObject({ nbformat: 4, cells: [] });
});

test("copies a tutorial out, for the copy to be changed", async () => {
  const { contents } = openContents();
  expect(await contents.create("", { copy_from: "tutorials/01.ipynb" })).toMatchObject({
    path: "01.ipynb",
    writable: true,
  });
  expect(await contents.create("", { copy_from: "01.ipynb" })).toMatchObject({ path: "01-Copy1.ipynb" });
  expect((await contents.get("01-Copy1.ipynb", whole)).content).toEqual(notebook);
});

test("leaves tutorials as they are", async () => {
  const { contents, tutorials } = openContents();
  await contents.save("a.txt", { format: "text", content: "" });
  const tries = [
    () => contents.save("tutorials/01.ipynb", { type: "notebook", content: emptyNotebook() }),
    () => contents.save("tutorials/new.txt", { content: "" }),
    () => contents.create("tutorials", { type: "notebook" }),
    () => contents.rename("tutorials/01.ipynb", "mine.ipynb"),
    () => contents.rename("a.txt", "tutorials/a.txt"),
    () => contents.delete("tutorials/01.ipynb"),
    () => contents.delete("tutorials"),
    () => contents.addCheckpoint("tutorials/01.ipynb"),
    () => contents.save("tutorials", { type: "directory", content: null }),
  ];
  for (const attempt of tries) expect(await refused(attempt())).toBe("FORBIDDEN");
  expect(readFileSync(join(tutorials, "01.ipynb"), "utf8")).toBe(printNotebook(notebook));
});

test("renames and deletes, and overwrites nothing by that", async () => {
  const { contents, own } = openContents();
  for (const name of ["a.txt", "b.txt"]) await contents.save(name, { format: "text", content: name });
  expect(await refused(contents.rename("a.txt", "b.txt"))).toBe("CONFLICT");
  expect(await contents.rename("a.txt", "c.txt")).toMatchObject({ path: "c.txt" });
  expect(await refused(contents.get("a.txt", whole))).toBe("NOT_FOUND");
  await contents.delete("c.txt");
  expect(existsSync(join(own, "c.txt"))).toBe(false);
  await contents.create("", { type: "directory" });
  await contents.save("Untitled Folder/x.txt", { format: "text", content: "" });
  expect(await refused(contents.delete("Untitled Folder"))).toBe("CONFLICT");
  await contents.delete("Untitled Folder/x.txt");
  await contents.delete("Untitled Folder");
  expect(names(await contents.get("", whole))).toEqual(["tutorials", "b.txt"]);
});

test("sets a file back to its checkpoint", async () => {
  const { contents } = openContents();
  await contents.save("a.txt", { format: "text", content: "first" });
  expect(await contents.checkpoints("a.txt")).toEqual([]);
  const { id } = await contents.addCheckpoint("a.txt");
  await contents.save("a.txt", { format: "text", content: "second" });
  expect(await contents.checkpoints("a.txt")).toMatchObject([{ id }]);
  await contents.restoreCheckpoint("a.txt", id);
  expect(await contents.get("a.txt", whole)).toMatchObject({ content: "first" });
  await contents.deleteCheckpoint("a.txt", id);
  expect(await refused(contents.restoreCheckpoint("a.txt", id))).toBe("NOT_FOUND");
});

test("has no way out of its folders: by dots, links, zero bytes or hidden names", async () => {
  const { contents, own, folder } = openContents();
  symlinkSync(folder, join(own, "out"));
  symlinkSync(join(folder, "secret.txt"), join(own, "secret.txt"));
  symlinkSync(join(folder, "new.txt"), join(own, "dangling.txt"));
  symlinkSync(own, join(own, "self"));
  await contents.save("plain.txt", { format: "text", content: "" });
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
      () => contents.get(way, whole),
      () => contents.save(way, { format: "text", content: "x" }),
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
  expect(names(await contents.get("", whole))).toEqual(["tutorials", "plain.txt"]);
});

test("keeps checkpoints inside too, whatever their folder is a link to", async () => {
  const { contents, own, folder } = openContents();
  symlinkSync(folder, join(own, ".ipynb_checkpoints"));
  await contents.save("a.txt", { format: "text", content: "a" });
  expect(await refused(contents.addCheckpoint("a.txt"))).toBe("NOT_FOUND");
});

test("says in words what is no notebook, and gives its text all the same", async () => {
  const { contents, own } = openContents();
  writeFileSync(join(own, "broken.ipynb"), "{");
  expect(await refused(contents.get("broken.ipynb", whole))).toBe("INVALID_NOTEBOOK");
  expect(await contents.get("broken.ipynb", { ...whole, type: "file" })).toMatchObject({ type: "file", content: "{" });
  const bad = { type: "notebook", content: { nbformat: 3 } } as const;
  expect(await refused(contents.save("new.ipynb", bad))).toBe("INVALID_NOTEBOOK");
  expect(existsSync(join(own, "new.ipynb"))).toBe(false);
});

test("kernels work in their notebook's folder, and for a tutorial in the user's own", async () => {
  const { contents, own } = openContents();
  await contents.create("", { type: "directory" });
  expect(await contents.folderOf("Untitled Folder/n.ipynb")).toBe(join(own, "Untitled Folder"));
  for (const path of ["n.ipynb", "tutorials/01.ipynb", "not/there.ipynb", "../n.ipynb"])
    expect(await contents.folderOf(path)).toBe(own);
});
