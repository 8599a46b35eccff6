import { fileURLToPath } from "node:url";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { expect, test } from "vitest";
import { pageSources } from "../../src/command/freshClient.ts";

const baseDir = fileURLToPath(new URL("../..", import.meta.url));

test("the page is built again after a change in any file that it imports, and in none that it does not", {
  timeout: 300_000,
}, async () => {
  const only = { includeOnly: { path: "^(editor|kernel|src)/" }, doNotFollow: { path: "node_modules" } };
  const { output } = await cruise(["editor/client"], { baseDir, ...only });
  const imported = (output as ICruiseResult).modules.map(({ source }) => source);
  expect(imported.length).toBeGreaterThan(100);
  const covers = (folder: string, file: string) => file.startsWith(`${folder}/`);
  expect(imported.filter((file) => !pageSources.some((folder) => covers(folder, file)))).toEqual([]);
  const folders = pageSources.filter((path) => !/\.\w+$/.test(path));
  expect(folders.filter((folder) => !imported.some((file) => covers(folder, file)))).toEqual([]);
});
