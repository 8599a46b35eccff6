import { readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RecordedCell } from "../recordedCell.ts";
import { Cells } from "./cells.ts";

const cells = await Cells.start({
  "a.ts": "import { b } from './b.ts'\nexport const a = () => b",
  "b.ts": "import { c } from './sub/c.ts'\nexport const b = 'b' + c",
  "sub/c.ts": "export const c = 1",
  "apart.ts": "export const loaded = Math.random()",
  "old.cjs": "exports.value = require('./deep.cjs').deep",
  "deep.cjs": "exports.deep = 1",
  "module.mjs": "export const m = 1",
  "data.json": '{ "d": 1 }',
  "fails.ts": "throw new Error('on its first run')\nexport const ok = 1",
  "node_modules/edited/package.json": '{ "name": "edited", "type": "module", "exports": "./index.js" }',
  "node_modules/edited/index.js": "export { deep } from './lib/deep.js'",
  "node_modules/edited/lib/deep.js": "export const deep = 1",
  "node_modules/edited/index.d.ts": "export const deep: number",
});

/** Writes files, with a time that no earlier writing has. */
let seconds = Date.now() / 1000;
function edit(files: Record<string, string>): void {
  cells.write(files);
  seconds += 10;
  for (const name of Object.keys(files)) utimesSync(join(cells.folder, name), seconds, seconds);
}

describe("a cell that imports again reads anew", () => {
  const importing = "import { a } from './a.ts'\na()";

  test("a file that was edited, however deep, and what imports it", async () => {
    expect(await cells.run(importing)).toBe("b1");
    edit({ "sub/c.ts": "export const c = 'two'" });
    expect(await cells.run(importing)).toBe("btwo");
    edit({ "b.ts": "import { c } from './sub/c.ts'\nexport const b = 'B' + c" });
    expect(await cells.run(importing)).toBe("Btwo");
  });

  test("nothing that was not", async () => {
    const first = await cells.run("import { loaded } from './apart.ts'\nloaded");
    edit({ "sub/c.ts": "export const c = 3" });
    expect(await cells.run(importing)).toBe("B3");
    expect(await cells.run("import { loaded } from './apart.ts'\nloaded")).toBe(first);
  });

  test("also by import() and require, and files of every kind", async () => {
    const all =
      "[(await import('./a.ts')).a(), (await import('./old.cjs')).default.value, require('./old.cjs').value, (await import('./module.mjs')).m, (await import('./data.json')).default.d]";
    expect(await cells.run(all)).toEqual(["B3", 1, 1, 1, 1]);
    edit({
      "deep.cjs": "exports.deep = 2",
      "module.mjs": "export const m = 2",
      "data.json": '{ "d": 2 }',
      "sub/c.ts": "export const c = 4",
    });
    expect(await cells.run(all)).toEqual(["B4", 2, 2, 2, 2]);
  });

  test("a file that failed", async () => {
    expect((await cells.fail("import { ok } from './fails.ts'\nok")).message).toBe("on its first run");
    edit({ "fails.ts": "export const ok = 1" });
    expect(await cells.run("import { ok } from './fails.ts'\nok")).toBe(1);
  });
});

test("who imported before keeps what it had, and functions go on working", async () => {
  edit({ "counter.ts": "let n = 0\nexport const count = () => ++n" });
  await cells.run("import { count } from './counter.ts'", "const keep = count", "count()");
  edit({ "counter.ts": "let n = 10\nexport const count = () => ++n" });
  expect(await cells.run("count()")).toBe(2);
  await cells.run("import { count } from './counter.ts'");
  expect(await cells.run("[count(), keep()]")).toEqual([11, 3]);
});

test("a package that was edited is as it was, and that is told once", async () => {
  const page = new RecordedCell();
  const importing = "import { deep } from 'edited'\ndeep";
  await page.run(async () => {
    expect(await cells.run(importing)).toBe(1);
    edit({ "node_modules/edited/lib/deep.js": "export const deep = 2" });
    expect(await cells.run(importing, importing)).toBe(1);
  });
  expect(page.printed.match(/edited is as it was .*deep\.js was edited since\. Fix: restart the kernel/g)).toHaveLength(
    1,
  );
  expect(readFileSync(join(cells.folder, "node_modules/edited/lib/deep.js"), "utf8")).toContain("2");
});
