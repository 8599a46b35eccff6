import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readFolderOptions } from "../../../kernel/compiler/compilerOptions.ts";
import { compilerInstallation } from "../../../kernel/compiler/installation.ts";
import { RecordedCell } from "../recordedCell.ts";
import { Cells } from "./cells.ts";

const cells = await Cells.start({
  "tsconfig.base.json": '{ "compilerOptions": { "strict": true } }',
  "tsconfig.json": `{
    "extends": "./tsconfig.base.json",
    "compilerOptions": {
      "paths": { "@lib/*": ["./lib/*"] },
      "jsx": "react",
      "jsxFactory": "h",
      "experimentalDecorators": true,
      "target": "es5",
      "module": "commonjs",
      "outDir": "dist",
      "noUnusedLocals": true
    }
  }`,
  "package.json": '{ "type": "commonjs", "imports": { "#inner": "./lib/inner.ts" } }',
  "lib/deep/math.ts": "import { inner } from '#inner'\nexport const three: number = 2 + inner",
  "lib/inner.ts": "export const inner = 1",
  "element.tsx": "const h = (...all: unknown[]) => all\nexport const element = <p id='x'>text</p>",
});
const page = new RecordedCell();

test("cells and files follow the tsconfig.json and package.json of the notebook's folder", async () => {
  await page.run(() =>
    cells.run(
      "import { three } from '@lib/deep/math'",
      "import { inner } from '#inner'",
      "import { element } from './element'",
    ),
  );
  expect(await cells.run("[three, inner, element]")).toEqual([3, 1, ["p", { id: "x" }, "text"]]);
  expect(await cells.run("const h = (...all: unknown[]) => all\n;<b>c</b>")).toEqual(["b", null, "c"]);
  expect((await cells.fail("const unchecked = (x) => x")).message).toContain("TS7006");
  expect((await cells.fail("const none: string = null")).message).toContain("TS2322");
  const old =
    "function note(target: object, key: string) { noted.push(key) }\nconst noted: string[] = []\nclass Old { @note m() {} }\nnoted";
  expect(await cells.run(old)).toEqual(["m"]);
});

test("what has no effect is told once, and what means nothing in a cell is not", () => {
  expect(page.printed).toBe("tsconfig.json: no effect in cells: module, target; cells are ES modules for Node\n");
});

test("paths and packages are completed", async () => {
  const complete = async (code: string) => {
    const found = await cells.interpreter.complete(code.replace("|", ""), code.indexOf("|"));
    return found.items.map(({ text }) => code.replace("|", "").slice(0, found.start) + text);
  };
  expect(await complete("import x from './el|'")).toContain("import x from './element");
  expect(await complete("await import('./lib/de|')")).toContain("await import('./lib/deep");
  expect(await complete("import os from 'node:o|'")).toContain("import os from 'node:os");
  expect(await complete("import {} from '@lib/|'")).toContain("import {} from '@lib/deep");
});

test("a notebook in a folder below follows the nearest tsconfig.json above, but not that of the library's own sources", () => {
  cells.write({ "below/deeper/.keep": "" });
  const { options, notes } = readFolderOptions(join(cells.folder, "below/deeper"));
  expect(options).toMatchObject({ strict: true, pathsBasePath: cells.folder });
  expect(notes[0]).toMatch(/^\.\.\/\.\.\/tsconfig\.json: no effect in cells: /);
  const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
  expect(readFolderOptions(join(root, "notebooks"), root)).toEqual({ options: {}, notes: [] });
  expect(compilerInstallation().root).toBe(root);
});
