import { describe, expect, test } from "vitest";
import { Cells } from "./cells.ts";

const cells = await Cells.start();

describe("a cell", () => {
  test.each<[string, unknown]>([
    ["1 + 1", 2],
    ["null", null],
    ["undefined", undefined],
    ["const c = 1", undefined],
    ["let l = 1", undefined],
    ["5; function f() {}", undefined],
    ["", undefined],
    ["// nothing", undefined],
    ["await Promise.resolve('awaited')", "awaited"],
    ["({ a: 1 }).a", 1],
    ["[3, 1, 2].toSorted()[0]", 1],
    ["typeof fetch + typeof Buffer", "functionfunction"],
    ["const K = class { private z = 1; get() { return this.z } }; new K().get()", 1],
    ["export const exported = 7; exported", 7],
    ["import.meta.dirname.length > 0", true],
  ])("%j is worth %j", async (code, value) => {
    expect(await cells.run(code)).toEqual(value);
  });

  test("may loop over what is to come at its top", async () => {
    const code = "let sum = 0; for await (const n of (async function* () { yield 1; yield 2 })()) sum += n; sum";
    expect(await cells.run(code)).toBe(3);
  });
});

describe("what cells declare", () => {
  test("is there however many cells have run since", async () => {
    await cells.run("interface First { n: number }; const first: First = { n: 1 }");
    for (let index = 0; index < 320; index++) await cells.run(`const later${index}: First = { n: first.n + ${index} }`);
    expect(await cells.run("later0.n + later319.n")).toBe(321);
    expect((await cells.fail("const wrong: First = { n: 'text' }")).message).toContain("TS2322");
  });

  test.each([
    ["const v = { a: 1 }", "v.a", 1],
    ["let v2: number | undefined", "v2", undefined],
    ["function twice(x: number) { return x * 2 }", "twice(2)", 4],
    ["class Point { constructor(readonly x: number, private y: number) {} }", "new Point(1, 2).x", 1],
    ["const Hidden = class { private z = 1; get() { return this.z } }", "new Hidden().get().toFixed()", "1"],
    ["enum Colour { Red, Blue }", "Colour.Blue", 1],
    ["interface Shape { side: number }", "const shape: Shape = { side: 2 }; shape.side", 2],
    ["type Pair = [number, string]", "const pair: Pair = [1, 'a']; pair[1].length", 1],
    [
      "namespace Space { export const inner = 3; export interface I { i: 1 } }",
      "const i: Space.I = { i: 1 }; Space.inner",
      3,
    ],
    ["const { p, q: [r] } = { p: 1, q: [2] }", "p + r", 3],
    ["import { sep, join as glue } from 'path'", "glue('a', 'b') === ['a', 'b'].join(sep)", true],
    ["const fs = await import('fs')", "fs.existsSync('/') && fs.default.existsSync('/')", true],
    ["abstract class Base { abstract f(): number }", "new (class extends Base { f() { return 4 } })().f()", 4],
  ])("%j is there and typed in the next cell", async (first, second, value) => {
    await cells.run(first);
    expect(await cells.run(second)).toEqual(value);
    const name = first.match(/\b(?:const|let|function|class|enum|namespace) (\w+)/)?.[1];
    if (name) expect((await cells.fail(`${name} satisfies { nobodyHasThis: 1 }`)).name).toBe("TypeScript");
  });

  test("can be declared anew with another type, for const, let, class and function", async () => {
    await cells.run("const again = 1", "const again = 'text'", "let again = [1]", "class again {}");
    expect(await cells.run("function again() { return true }", "again()")).toBe(true);
  });

  test("is known through what other declarations say of it", async () => {
    await cells.run(
      "interface Inner { deep: number }",
      "type Outer = { inner: Inner }",
      "const outer: Outer = { inner: { deep: 1 } }",
    );
    expect((await cells.fail("outer.inner.deep.nothing")).message).toContain("TS2339");
    expect(await cells.run("outer.inner.deep")).toBe(1);
  });

  test("means something else to the same code once it is declared anew", async () => {
    await cells.run("const size = 'text'", "size.length", "const size = [1, 2, 3]");
    expect(await cells.run("size.length")).toBe(3);
    await cells.run("const size = 5");
    expect((await cells.fail("size.length")).message).toContain("TS2339");
  });

  test("is one variable for all cells: a function sees what a later cell assigns, and the other way round", async () => {
    await cells.run("let counter = 0; function countUp() { counter++ }", "counter = 10", "countUp()");
    expect(await cells.run("counter")).toBe(11);
  });

  test("is what another cell declares anew, for functions of earlier cells too", async () => {
    await cells.run("let kept = 1; const readKept = () => kept", "let kept = 'other'");
    expect(await cells.run("readKept()")).toBe("other");
    expect(await cells.run("kept")).toBe("other");
  });

  test("can be put into an object by its name, and be destructured into", async () => {
    await cells.run("let short = 1, long = 2");
    expect(await cells.run("({ short, long })")).toEqual({ short: 1, long: 2 });
    expect(await cells.run("({ short, long = 9 } = { short: 5 } as any); [short, long]")).toEqual([5, 9]);
  });

  test("is called without the scope as `this`", async () => {
    await cells.run("function self(this: unknown) { 'use strict'; return this }");
    expect(await cells.run("self()")).toBe(undefined);
  });

  test("is kept up to where the cell failed, and what had a name before keeps it from there", async () => {
    await cells.run("let before = 'old', untouched = 'old'; const fixed = 'old'");
    await cells.fail("let first = 1; let before = 2; throw new Error('half-way'); let untouched = 3; const fixed = 4;");
    expect(await cells.run("[first.toFixed(), before.toFixed(), untouched.length, fixed.length]")).toEqual([
      "1",
      "2",
      3,
      3,
    ]);
  });

  test("is not there where the cell failed before it", async () => {
    await cells.fail("throw new Error('at once'); let unreached = 1;");
    expect((await cells.fail("unreached")).message).toContain("TS2304");
  });

  test("stays as it was where a cell has type errors", async () => {
    await cells.run("let steady = 1");
    await cells.fail("let steady: string = 2");
    expect(await cells.run("steady")).toBe(1);
  });
});

describe("a cell that was given up", () => {
  test("leaves what it declared, typed, and lets the next one run", async () => {
    await cells.abandon("let reached = 1; const also = [2]; await new Promise(() => {}); let missed = 3;");
    expect(await cells.run("reached.toFixed() + also[0].toFixed()")).toBe("12");
    expect((await cells.fail("missed")).message).toContain("TS2304");
  });

  test("still writes its variables when it goes on", async () => {
    await cells.run("let goOn = () => {}");
    await cells.abandon("let late = 0; await new Promise<void>(resolve => { goOn = resolve }); late = 1;");
    expect(await cells.run("late")).toBe(0);
    expect(await cells.run("goOn(); await null; await null; late")).toBe(1);
  });

  test("does not take away who listens for SIGINT", async () => {
    const listener = () => {};
    process.on("SIGINT", listener);
    await cells.abandon("const heard = process.listeners('SIGINT').length; await new Promise(() => {})");
    expect(process.listeners("SIGINT")).toContain(listener);
    expect(await cells.run("heard")).toBe(process.listeners("SIGINT").length);
    process.off("SIGINT", listener);
  });
});
