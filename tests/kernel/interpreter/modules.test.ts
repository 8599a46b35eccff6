import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { RecordedCell } from "../recordedCell.ts";
import { Cells } from "./cells.ts";

const esm = (name: string, rest: object) => JSON.stringify({ name, type: "module", ...rest });
const library = { loaded: 0, GatedThing: class GatedThing {} };
const load = vi.fn(async () => library);
const declarations = join(mkdtempSync(join(tmpdir(), "flamingo-types-")), "library.d.ts");
writeFileSync(declarations, "export const loaded: number; export class GatedThing { private closed: boolean }");
afterAll(() => rmSync(dirname(declarations), { recursive: true }));
const cells = await Cells.start(
  {
    "node_modules/only-esm/package.json": esm("only-esm", {
      exports: {
        ".": { types: "./index.d.ts", import: "./index.js" },
        "./deep": { types: "./deep.d.ts", import: "./deep.js" },
      },
    }),
    "node_modules/only-esm/index.js": "export const a = 1; export default (s) => s + '!';",
    "node_modules/only-esm/index.d.ts":
      "export const a: number; declare const shout: (s: string) => string; export default shout;",
    "node_modules/only-esm/deep.js": "export const deep = 'deep';",
    "node_modules/only-esm/deep.d.ts": "export const deep: 'deep';",
    "node_modules/awaits/package.json": esm("awaits", { main: "index.js" }),
    "node_modules/awaits/index.js": "export const t = await Promise.resolve(7);",
    "node_modules/old/package.json": JSON.stringify({ name: "old", main: "index.js" }),
    "node_modules/old/index.js": "module.exports = function five() { return 5 }; module.exports.prop = 6;",
    "node_modules/only-types/package.json": JSON.stringify({ name: "only-types", types: "index.d.ts" }),
    "node_modules/only-types/index.d.ts": "export interface Typed { a: 1 }",
    "data.json": '{ "numbers": [1, 2] }',
    "helper.ts":
      'import { inner } from "./sub/inner.ts";\nexport const half = (x: number) => x / 2 + inner;\nexport interface Held { held: number }',
    "sub/inner.ts": "export const inner = 100;",
    "modern.ts": `import shout, { a } from "only-esm";
export { modern } from "./sub/modern.ts";
export const loud = shout("x") + a;
export const later = async () => (await import("only-esm/deep")).deep;
export const resolved = () => require.resolve("old");`,
    "sub/modern.ts": 'import { t } from "awaits";\nimport * as own from "own";\nexport const modern = t + own.n;',
    "sub/node_modules/own/package.json": esm("own", { main: "index.js" }),
    "sub/node_modules/own/index.js": "export const n = 30;",
    "sub/node_modules/own/index.d.ts": "export const n: number;",
    "usesLibrary.ts": 'import * as all from "the-library";\nexport { all };\nexport const kind = all.GatedThing.name;',
  },
  {
    name: "library",
    module: "the-library",
    load,
    declarations: Promise.resolve(declarations),
  },
);

describe("a cell imports", () => {
  test.each([
    ["import shout, { a } from 'only-esm'; shout('x') + a", "x!1"],
    ["import { deep } from 'only-esm/deep'; deep", "deep"],
    ["(await import('only-esm')).default('y')", "y!"],
    ["import { t } from 'awaits'; t", 7],
    ["import five from 'old'; five() + five.prop", 11],
    ["(await import('old')).prop", 6],
    ["require('old')()", 5],
    ["import data from './data.json'; data.numbers.length", 2],
    ["import { half, Held } from './helper'; const held: Held = { held: half(4) }; held.held", 102],
    ["import { half as halve } from './helper.ts'; halve(2)", 101],
    ["import { loud, modern } from './modern'; loud + modern", "x!137"],
    [
      "import * as mine from './modern.ts'; (await mine.later()) + mine.resolved().endsWith('old/index.js')",
      "deeptrue",
    ],
    ["import five = require('old'); five() + five.prop", 11],
    ["import esm = require('only-esm'); esm.default('z') + esm.a", "z!1"],
    ["import * as os from 'node:os'; typeof os.cpus().length", "number"],
    ["import { z } from 'zod'; z.int().parse(3)", 3],
  ])("%j", async (code, value) => {
    expect(await cells.run(code)).toEqual(value);
  });

  test.each(["import shout from 'only-esm'; shout(1)", "import { deep } from 'only-esm/deep'; deep satisfies 'other'"])(
    "with the types of packages' exports: %j",
    async (code) => expect((await cells.fail(code)).name).toBe("TypeScript"),
  );

  test("a file beside the notebook as it is now", async () => {
    writeFileSync(join(cells.folder, "changing.ts"), "export const now = 1;");
    expect(await cells.run("import { now } from './changing'; now")).toBe(1);
    writeFileSync(join(cells.folder, "changing.ts"), "export const now = 'changed';");
    expect(await cells.run("import { now } from './changing'; now.length")).toBe(7);
  });

  test("what a cell defined as a module", async () => {
    await cells.run("/** @module shared */\nexport const inModule: number = 3");
    expect(await cells.run("import { inModule } from './shared'; inModule")).toBe(3);
  });

  test("by `import = require` what later cells have too, and types alone where only they are asked for", async () => {
    await cells.run("import paths = require('node:path')");
    expect(await cells.run("paths.basename('/a/b') + (({ paths }).paths === require('node:path'))")).toBe("btrue");
    expect((await cells.fail("paths.basename(1)")).name).toBe("TypeScript");
    expect(await cells.run("import type t = require('only-types'); const typed: t.Typed = { a: 1 }; typed.a")).toBe(1);
  });

  test("nothing that is not there, and learns what to do", async () => {
    const error = await cells.fail("require('nobody-has-this-package')");
    expect(error.message).toContain("nobody-has-this-package");
    expect(error.message).toContain("npm install");
  });
});

describe("the library that is preloaded", () => {
  test("is there for a file beside the notebook, also where no cell has spoken of it", async () => {
    expect(await cells.run("import { kind } from './usesLibrary'; kind")).toBe("GatedThing");
  });

  test("is one and the same by its name, by import and by require", async () => {
    expect(
      await cells.run(
        "import * as all from 'the-library'; import { GatedThing } from 'the-library';",
        "import { all as ofFile } from './usesLibrary'; ofFile === all && all === library && require('the-library') === all && (await import('the-library')) === all && GatedThing === library.GatedThing",
      ),
    ).toBe(true);
    expect(await cells.run("library.GatedThing")).toBe(library.GatedThing);
    expect(load).toHaveBeenCalledTimes(1);
  });

  test("is typed", async () => {
    expect((await cells.fail("library.GatedThing satisfies number")).name).toBe("TypeScript");
    expect((await cells.interpreter.complete("library.Gat", 11)).items[0]).toMatchObject({
      text: "GatedThing",
      kind: "class",
    });
  });
});

test("what tslab shows is shown by the cell whose code shows it", async () => {
  const page = new RecordedCell();
  await page.run(() =>
    cells.run(
      "import { display, newDisplay } from 'tslab';",
      "display.html('<b>b</b>'); display.png(new Uint8Array([1, 2])); const shown = newDisplay(); shown.text('one'); shown.text('two');",
    ),
  );
  expect(page.displays.map(({ bundles }) => bundles.map(({ data }) => data))).toEqual([
    [{ "text/html": "<b>b</b>" }],
    [{ "image/png": "AQI=" }],
    [{ "text/plain": "one" }, { "text/plain": "two" }],
  ]);
});
