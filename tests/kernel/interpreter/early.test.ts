import { expect, test } from "vitest";
import { earlyCompilerInstallation } from "../../../kernel/compiler/installation.ts";
import { CompilerProcess } from "../../../kernel/interpreter/compilerProcess.ts";
import { findSnapshots } from "../../../kernel/types/snapshot.ts";
import { Cells } from "./cells.ts";

const snapshots = findSnapshots();
const early = new CompilerProcess({ snapshot: snapshots?.early, installation: earlyCompilerInstallation() });
const whole = new CompilerProcess({ snapshot: snapshots?.whole, after: new Promise(() => {}) });
const cells = await Cells.startWith(whole, {}, undefined, early);
const hasStarted = () => whole.pid !== undefined;
const wrong = "const wrong: number = 'one'; wrong";

test("first cells are checked and run while the compiler starts, and share their variables", async () => {
  expect(await cells.run("1 + 1")).toBe(2);
  expect(await cells.run("const list: number[] = [1, 2]; list.map((each) => each * 2)")).toEqual([2, 4]);
  expect(
    await cells.run("interface Point { x: number }\nclass Dot implements Point { x = list.length }", "new Dot().x"),
  ).toBe(2);
  expect(await cells.run("await Promise.resolve({ list })")).toEqual({ list: [1, 2] });
  expect((await cells.fail("const list2: string[] = list")).message).toContain("TS2322");
  expect((await cells.fail("throw new Error('of the cell')")).message).toContain("of the cell");
  expect(hasStarted()).toBe(false);
});

test("what is wrong with a first cell is said in the words of the compiler, and the cell is not run", async () => {
  const said = await cells.fail(`(globalThis as any).ran = true; ${wrong}`);
  expect("ran" in globalThis).toBe(false);
  expect(hasStarted()).toBe(false);
  await expect(early.ask("compileEarly", wrong, "In[1]")).resolves.toEqual(await compiledAlone(wrong));
  expect(said.message).toContain("TS2322: Type 'string' is not assignable to type 'number'.");
});

test.each([
  ["a name of Node", "process.pid"],
  ["one in a function, which may be Node's", "function pid() { return process.pid }"],
  ["a type of Node", "let buffer: Buffer | undefined"],
  ["a member that Node adds", "console.table([1])"],
  ["an import", "import { join } from 'node:path'; join('a', 'b')"],
  ["an import in an expression", "await import('node:path')"],
  ["a declaration for all cells", "declare global { var all: number }"],
  ["JSX", "<div />"],
  ["a name that nobody knows", "nobody"],
])("%s is for the compiler", async (_, code) => {
  expect(await early.ask("compileEarly", code, "In[1]")).toBeUndefined();
});

test("the compiler knows what first cells declared, with its types", async () => {
  expect(await cells.run("list.length + process.argv.slice(0, 1).length")).toBe(3);
  expect(hasStarted()).toBe(true);
  expect((await cells.fail("const text: string = new Dot().x")).message).toContain("TS2322");
  expect(await cells.run("list.push(3); list")).toEqual([1, 2, 3]);
});

async function compiledAlone(code: string): Promise<unknown> {
  const other = new CompilerProcess({ snapshot: snapshots?.whole });
  await other.ask("open", cells.folder, []);
  const compiled = await other.ask("compile", code, "In[1]", []);
  other.close();
  return compiled;
}
