import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const beside = (file: string) => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flamingo-summary-"));
  writeFileSync(
    join(folder, "vitest.config.mjs"),
    `export default { test: { globals: true, reporters: ["default", ${beside("summary.ts")}] } };`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(...files: string[]) {
  for (const [index, code] of files.entries()) writeFileSync(join(folder, `${index}.test.ts`), code);
  const { stdout, status } = spawnSync(process.execPath, [vitest, "run", "--root", folder], { encoding: "utf8" });
  return { status, lines: stdout.trimEnd().split("\n") };
}

test("the last line counts what passed, and alone", () => {
  const { status, lines } = run('test("a", () => {}); test("b", () => {});');
  expect(lines.at(-1)).toBe("2 passed, 0 failed");
  expect(status).toBe(0);
});

test("failures of tests, of hooks and of files count, and what was skipped is explained once", () => {
  const skipping = `
    import { optional } from ${beside("optional.ts")};
    describe.runIf(optional("gpu tests", false, "no GPU"))("gpu", () => { test("c", () => {}); test("d", () => {}); });`;
  const { status, lines } = run(
    `${skipping} test("a", () => {}); test("b", () => { expect(1).toBe(2); });`,
    `${skipping} describe("hook", () => { afterAll(() => { throw new Error("late"); }); test("e", () => {}); });`,
    "this is no code",
  );
  expect(lines.slice(-2)).toEqual(["skipped: gpu tests: no GPU", "2 passed, 3 failed, 4 skipped"]);
  expect(status).not.toBe(0);
});
