import { beforeAll, describe, expect, test } from "vitest";
import type { Completion } from "../../../kernel/compiler/protocol.ts";
import { Cells } from "./cells.ts";

const cells = await Cells.start();

/** @param code with `|` where the cursor is */
async function complete(code: string): Promise<Completion[]> {
  const cursor = code.indexOf("|");
  return (await cells.interpreter.complete(code.replace("|", ""), cursor)).items;
}

function inspect(code: string) {
  return cells.interpreter.inspect(code.replace("|", ""), code.indexOf("|"));
}

describe("completion", () => {
  beforeAll(async () => {
    await cells.run(
      "/** Doubles. */\nfunction twice(x: number): number { return x * 2 }",
      "class Thing {\n  /** How wide, in pixels. */\n  width = 1;\n  grow(by: number) { this.width += by }\n}\nconst thing = new Thing();",
      "const loose: any = { alpha: 1, beta() {}, inner: { gamma: 2 }, get trap() { throw new Error('touched') } };",
      "interface Drawing {\n  /** In metres. */\n  size: number;\n  sideways?: boolean;\n}\nfunction draw(options: Drawing) {}",
    );
  });

  test("tells kind, type and documentation of members", async () => {
    expect((await complete("thing.w|"))[0]).toEqual({
      text: "width",
      kind: "property",
      type: "number",
      documentation: "How wide, in pixels.",
    });
    expect((await complete("thing.|")).find(({ text }) => text === "grow")).toMatchObject({
      kind: "method",
      type: "(by: number): void",
    });
  });

  test("tells them of names in scope", async () => {
    expect((await complete("const y = twi|"))[0]).toEqual({
      text: "twice",
      kind: "function",
      type: "(x: number): number",
      documentation: "Doubles.",
    });
  });

  test("tells them of keys of an object that is asked for", async () => {
    expect((await complete("draw({ si|"))[0]).toMatchObject({
      text: "size",
      type: "number",
      documentation: "In metres.",
    });
    expect((await complete("draw({ | })")).map(({ text }) => text)).toEqual(
      expect.arrayContaining(["size", "sideways"]),
    );
  });

  test("offers what a value has at run time where its type is not known, and runs nothing of it", async () => {
    const names = (await complete("loose.|")).map(({ text }) => text);
    expect(names).toEqual(expect.arrayContaining(["alpha", "beta", "inner", "trap"]));
    expect((await complete("loose.inner.ga|")).map(({ text }) => text)).toEqual(["gamma"]);
  });

  test("replaces the whole word that the cursor is in", async () => {
    expect(await cells.interpreter.complete("thing.wid + 1", 8)).toMatchObject({ start: 6, end: 9 });
  });

  test("answers in the midst of broken code, and in strings", async () => {
    expect((await complete("if (thing.wi|")).map(({ text }) => text)).toContain("width");
    await expect(complete("import x from './|'")).resolves.toBeDefined();
    await expect(complete("const s = 'a|")).resolves.toBeDefined();
  });

  test("answers while a cell awaits, and the cell goes on", async () => {
    let goOn = () => {};
    Object.assign(globalThis, {
      gate: new Promise<void>((resolve) => {
        goOn = resolve;
      }),
    });
    const cell = cells.run("await (globalThis as any).gate; const after = 1; after");
    await new Promise((resolve) => setImmediate(resolve));
    expect((await complete("thing.wid|"))[0]!.text).toBe("width");
    goOn();
    expect(await cell).toBe(1);
    expect(await cells.run("after")).toBe(1);
  });
});

describe("inspection", () => {
  test("tells signature and documentation at the start, inside and behind a name", async () => {
    for (const code of ["|twice(1)", "tw|ice(1)", "twice|(1)"])
      expect(await inspect(code)).toEqual({
        signature: "function twice(x: number): number",
        documentation: "Doubles.",
      });
  });

  test("tells of a call from inside its parentheses", async () => {
    expect((await inspect("twice(|"))?.signature).toBe("function twice(x: number): number");
    expect((await inspect("twice(1 + |)"))?.signature).toBe("function twice(x: number): number");
    expect((await inspect("twice(1, |"))?.signature).toBe("function twice(x: number): number");
    expect((await inspect("twice(1,\n  |"))?.signature).toBe("function twice(x: number): number");
  });

  test("tells parameters of what libraries document", async () => {
    expect(await inspect("Math.max|(1)")).toMatchObject({
      signature: "(method) Math.max(...values: number[]): number",
      documentation: expect.stringContaining("*@param* `values`"),
    });
  });

  test("has nothing to tell of blanks", async () => {
    expect(await inspect("  |  ")).toBeUndefined();
  });
});

describe("completeness", () => {
  test.each([
    ["1 + 1", "complete"],
    ["await x", "complete"],
    ["for await (const a of b) {}", "complete"],
    ["const s: string = 'a'", "complete"],
    ["}", "invalid"],
    ["x = = 3", "invalid"],
    ["'abc", "invalid"],
    ["import", "invalid"],
    ["foo(]", "invalid"],
    ["foo(", "incomplete"],
    ["[1, 2", "incomplete"],
    ["a +", "incomplete"],
    ["const x =", "incomplete"],
    ["`abc", "incomplete"],
    ["/* a", "incomplete"],
    ["foo.", "incomplete"],
    ["let x: ", "incomplete"],
    ["let x:  // a comment\n", "incomplete"],
    ["function f(a: ", "incomplete"],
    ["{ a: 1, b: 2 }", "complete"],
    ["{ a: 1, b: ", "incomplete"],
    ["<div id='a'>hi</div>", "complete"],
    ["<div>", "incomplete"],
    ["{ using r = f() }", "complete"],
    ["import d from './d.json' with { type: 'json' }", "complete"],
  ])("%j is %s", async (code, status) => {
    expect((await cells.interpreter.isComplete(code)).status).toBe(status);
  });

  test.each([
    ["if (x) {", "  "],
    ["class A {\n  f() {", "    "],
    ["  a +", "  "],
  ])("%j goes on with the indent %j", async (code, indent) => {
    expect(await cells.interpreter.isComplete(code)).toEqual({ status: "incomplete", indent });
  });
});
