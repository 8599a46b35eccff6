import { expect, test } from "vitest";
import { Cells } from "./cells.ts";

/** What people write in cells: each case a notebook of its own names, its files, and the value of its last cell. */
interface Case {
  it: string;
  files?: Record<string, string>;
  cells: string[];
  /** Of the last cell; a pattern is looked for in its error. */
  value: unknown;
}

const cases: Case[] = [
  {
    it: "imports a TypeScript file by import(), typed",
    files: { "i/lib.ts": "export const twice = (n: number) => n * 2" },
    cells: ["const lib = await import('./i/lib.ts')", "lib.twice(4)"],
    value: 8,
  },
  {
    it: "checks what import() brings",
    files: { "i/lib.ts": "export const twice = (n: number) => n * 2" },
    cells: ["const typed = await import('./i/lib.ts')", "typed.twice('4')"],
    value: /TS2345/,
  },
  {
    it: "imports an .mjs file",
    files: { "i/m.mjs": "export const m = 3" },
    cells: ["(await import('./i/m.mjs')).m"],
    value: 3,
  },
  {
    it: "imports a JSON file",
    files: { "i/d.json": '{"d": 4}' },
    cells: ["(await import('./i/d.json')).default.d"],
    value: 4,
  },
  {
    it: "imports JSON with an attribute",
    files: { "i/d.json": '{"d": 4}' },
    cells: [
      "import data from './i/d.json' with { type: 'json' }",
      "data.d + (await import('./i/d.json', { with: { type: 'json' } })).default.d",
    ],
    value: 8,
  },
  { it: "imports a package of the kernel", cells: ["(await import('zod')).z.int().parse(3)"], value: 3 },
  {
    it: "imports files of a folder above",
    files: {
      "../shared-above/util.ts": "import { w } from './other'\nexport const v = 1 + w",
      "../shared-above/other.ts": "export const w = 1",
    },
    cells: ["import { v } from '../shared-above/util'\nv"],
    value: 2,
  },
  {
    it: "runs files that import each other",
    files: {
      "c/a.ts": "import { b } from './b.ts'\nexport function a(n = 3): string { return n === 0 ? 'end' : b(n - 1) }",
      "c/b.ts":
        "import { a } from './a.ts'\nexport const early = typeof a\nexport function b(n: number): string { return a(n) }",
    },
    cells: ["import { a } from './c/a.ts'\nimport { early } from './c/b.ts'\na() + early"],
    value: "endfunction",
  },
  {
    it: "gives files import.meta",
    files: { "i/here.ts": "export const here = import.meta.url; export const found = import.meta.resolve('./d.json')" },
    cells: ["import { here, found } from './i/here.ts'\n[here.endsWith('/i/here.ts'), found.endsWith('/i/d.json')]"],
    value: [true, true],
  },
  {
    it: "keeps old instances' type",
    cells: ["class A { x = 1 }", "const a = new A()", "class A { y = 2 }", "a.x"],
    value: 1,
  },
  { it: "gives new instances the new type", cells: ["new A().y"], value: 2 },
  {
    it: "keeps the type by an alias",
    cells: ["type T = { x: number }", "const t: T = { x: 7 }", "type T = { y: string }", "t.x"],
    value: 7,
  },
  { it: "declares a var by itself", cells: ["var n = 1", "var n = n + 1", "n"], value: 2 },
  { it: "keeps the var of a loop", cells: ["for (var i = 0; i < 3; i++) {}", "i"], value: 3 },
  {
    it: "keeps vars of blocks, for-of and for-in",
    cells: [
      "if (true) { var inBlock = 1 }\nfor (var [el] of [[1], [2]]) {}\nfor (var key in { k: 1 }) {}",
      "[inBlock, el, key]",
    ],
    value: [1, 2, "k"],
  },
  {
    it: "lets functions call each other over cells",
    cells: [
      "function isEven(k: number): boolean { return k === 0 || isOdd(k - 1) }",
      "function isOdd(k: number): boolean { return k !== 0 && isEven(k - 1) }",
      "isEven(10)",
    ],
    value: true,
  },
  {
    it: "lets arrow functions and methods use what a later cell declares",
    cells: [
      "const useLater = () => laterValue + new (class { m() { return laterClass.name } })().m()",
      "const laterValue = 'v'\nclass laterClass {}",
      "useLater()",
    ],
    value: "vlaterClass",
  },
  {
    it: "says what is not declared when it is used",
    cells: ["const useNever = () => neverDeclared", "useNever()"],
    value: /neverDeclared is not defined/,
  },
  {
    it: "disposes with using",
    cells: ["let closed = 0\n{ using r = { [Symbol.dispose]() { closed++ } } }", "closed"],
    value: 1,
  },
  {
    it: "disposes with using at the end of the cell",
    cells: ["using top = { [Symbol.dispose]() { closed++ } }; const beside = closed", "[closed, beside]"],
    value: [2, 1],
  },
  {
    it: "disposes in a file",
    files: {
      "i/using.ts":
        "export function f() { using r = { [Symbol.dispose]() { log.push('closed') } }; log.push('body') }\nexport const log: string[] = []",
    },
    cells: ["import { f, log } from './i/using.ts'\nf(); log.join()"],
    value: "body,closed",
  },
  {
    it: "applies standard decorators",
    cells: [
      "function logged<F extends (...args: any[]) => any>(method: F, context: ClassMethodDecoratorContext) { return function (this: any, ...args: any[]) { return [context.name, method.apply(this, args)] } as unknown as F }",
      "class D { @logged m() { return 1 } }\nnew D().m()",
    ],
    value: ["m", 1],
  },
  {
    it: "awaits at the top of a file",
    files: { "i/tla.ts": "export const v: number = await Promise.resolve(5)" },
    cells: ["import { v as late } from './i/tla.ts'\nlate"],
    value: 5,
  },
  {
    it: "runs JSX",
    files: { "i/c.tsx": "export const el = <p>text</p>" },
    cells: ["const el2 = <div id='a'>hi</div>", "import { el } from './i/c.tsx'\n[el2.props.id, el.type]"],
    value: ["a", "p"],
  },
  { it: "takes an object for one", cells: ["{ a: 1, b: 2 }"], value: { a: 1, b: 2 } },
  {
    it: "takes an object of lines and comments for one",
    cells: ["// first\n{\n  a: [1], // one\n  'b-c': { d: 2 },\n}"],
    value: { a: [1], "b-c": { d: 2 } },
  },
  { it: "takes a block for one", cells: ["{ let inner = 3; closed = inner }", "closed"], value: 3 },
  {
    it: "points into the line of an object's value",
    cells: ["{\n  a: 1,\n  b: missingName,\n}"],
    value: /In\[\d+\]:3:6/,
  },
  { it: "declares globals", cells: ["declare global { var gg: number }\nglobalThis.gg = 4", "gg + 1"], value: 5 },
  {
    it: "exports as files do",
    cells: ["const zz = 5\nexport { zz }", "export default class Exported { one = 1 }", "zz + new Exported().one"],
    value: 6,
  },
  {
    it: "knows WebAssembly",
    cells: ["typeof WebAssembly + typeof new WebAssembly.Memory({ initial: 1 }).buffer"],
    value: "objectobject",
  },
  { it: "knows what this Node has", cells: ["'a'.isWellFormed()"], value: true },
  {
    it: "has the notebook's folder",
    cells: ["[__dirname === import.meta.dirname, __filename.startsWith(__dirname)]"],
    value: [true, true],
  },
  {
    it: "resolves addresses",
    cells: [
      "[import.meta.resolve('./x').startsWith('file://'), import.meta.resolve('fs'), import.meta.resolve('zod').includes('zod')]",
    ],
    value: [true, "node:fs", true],
  },
  {
    it: "shows later values to functions of earlier cells",
    cells: ["let kk = 1; const getK = () => kk", "let kk = 5", "getK()"],
    value: 5,
  },
  {
    it: "shows later consts, functions and classes too",
    cells: [
      "const c1 = 1; function f1() { return 1 }; class K1 { v = 1 }; const all = () => [c1, f1(), new K1().v]",
      "const c1 = 2; function f1() { return 2 }; class K1 { v = 2 }",
      "all()",
    ],
    value: [2, 2, 2],
  },
  { it: "knows what code adds to globalThis", cells: ["(globalThis as any).added = 1", "added + 1"], value: 2 },
  {
    it: "points into the file that threw",
    files: {
      "i/long.ts":
        "interface A {\n  a: number;\n}\n\n\ntype B = A;\n\n// a comment\nexport function fail(b: B): never {\n  type Inner = string;\n\n\n  const text: Inner = String(b.a);\n\n\n  throw new Error(text);\n}\n",
    },
    cells: ["import { fail } from './i/long.ts'\nfail({ a: 1 })"],
    value: /long\.ts:16:9/,
  },
  {
    it: "tells that a file cannot be read as TypeScript",
    files: { "i/broken.mjs": "export const = 1" },
    cells: ["await import('./i/broken.mjs')"],
    value: /broken\.mjs:1:14/,
  },
  {
    it: "tells of a name that a module has not",
    files: { "i/few.mjs": "export const one = 1" },
    cells: ["const few: any = await import('./i/few.mjs')", "import { two } from './i/few.mjs'"],
    value: /two/,
  },
  {
    it: "exports again what others export",
    files: {
      "i/all.ts":
        "export * from './lib.ts'\nexport { twice as double } from './lib.ts'\nexport * as lib from './lib.ts'",
    },
    cells: ["import { twice, double, lib as all2 } from './i/all.ts'\n[twice(1), double(2), all2.twice(3)]"],
    value: [2, 4, 6],
  },
  {
    it: "names functions and classes as they are written",
    cells: [
      "const named = () => 1; let K = class {}; const { d1 = () => 2 } = {} as any",
      "[named.name, K.name, d1.name]",
    ],
    value: ["named", "K", "d1"],
  },
  {
    it: "imports a CommonJS file",
    files: { "i/old.cjs": "exports.old = require('./deep.cjs').deep + 1", "i/deep.cjs": "exports.deep = 1" },
    cells: ["import old from './i/old.cjs'\n[old.old, require('./i/old.cjs').old]"],
    value: [2, 2],
  },
];

const cells = await Cells.start();

test.each(cases)("a cell $it", async ({ files = {}, cells: codes, value }) => {
  cells.write(files);
  const last = codes.at(-1)!;
  await cells.run(...codes.slice(0, -1));
  if (value instanceof RegExp) expect((await cells.fail(last)).traceback.join("\n")).toMatch(value);
  else expect(await cells.run(last)).toEqual(value);
});
