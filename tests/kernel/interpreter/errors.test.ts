import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Image } from "../../../src/data/image.ts";
import { Cells } from "./cells.ts";

const cells = await Cells.start({ "wrong.ts": 'export const ok = 1;\nexport const wrong: number = "text";\n' });
afterEach(() => vi.restoreAllMocks());

describe("a type error", () => {
  test("tells code, place and the line with a caret", async () => {
    const error = await cells.fail('const fine = 1;\n  const n: number = "a";');
    expect(error.name).toBe("TypeScript");
    expect(error.message).toContain("TS2322: Type 'string' is not assignable to type 'number'.");
    expect(error.traceback).toEqual([
      `${cells.latest}:2:9 - TS2322: Type 'string' is not assignable to type 'number'.`,
      '> 2 |   const n: number = "a";',
      "    |         ^",
    ]);
  });

  test("is told with all others of the cell, and nothing of it runs", async () => {
    const error = await cells.fail("(globalThis as any).ran = true;\nnobody1;\n\nnobody2;\n1 as string");
    const places = error.traceback.filter((line) => line.includes(" - TS")).map((line) => line.split(" ")[0]);
    expect(places).toEqual([2, 4, 5].map((line) => `${cells.latest}:${line}:1`));
    expect("ran" in globalThis).toBe(false);
  });

  test("knows which name of an earlier cell was meant", async () => {
    await cells.run("const temperature = 1");
    expect((await cells.fail("temperatur")).message).toContain("Did you mean 'temperature'?");
  });

  test("is told each time that the cell is run, and names that were meant however many were wrong before", async () => {
    await cells.run("const pressure = 1");
    for (let time = 0; time < 15; time++)
      expect((await cells.fail("pressur")).message).toContain("Did you mean 'pressure'?");
    for (const _ of [1, 2]) expect((await cells.fail("pressure.never")).message).toContain("TS2339");
    expect(await cells.run("pressure")).toBe(1);
  });

  test("of a file beside the notebook tells that file's line", async () => {
    const { traceback } = await cells.fail("import { ok } from './wrong'; ok");
    expect(traceback[0]).toContain("wrong.ts:2:14 - TS2322");
    expect(traceback[1]).toBe('> 2 | export const wrong: number = "text";');
  });

  test("of a module's cell is told", async () => {
    const { message } = await cells.fail("/** @module mine */\nexport const n: number = 'a'");
    expect(message).toContain("TS2322");
    expect(message).toContain(`${cells.latest}:2:14`);
  });

  test("in syntax points at where it stands, without errors that follow from it", async () => {
    const { traceback } = await cells.fail("const a = 1;\nconst b = = 2;\nundeclared");
    expect(traceback[0]).toMatch(/^In\[\d+\]:2:11 - TS1109/);
    expect(traceback.join()).not.toContain("TS2304");
  });
});

describe("what a cell throws", () => {
  test("points into the cell's own lines, though types, blank lines and comments are gone from what runs", async () => {
    const error = await cells.fail(
      "interface Gone { a: number }\n\n// a comment\nfunction inner(o: any): string {\n  type Local = string;\n\n  return o.a.b;\n}\ninner({})",
    );
    expect(error.name).toBe("TypeError");
    expect(error.traceback.filter((line) => line.startsWith("    at "))).toEqual([
      `    at inner (${cells.latest}:7:14)`,
      `    at ${cells.latest}:9:1`,
    ]);
    expect(error.traceback).toContain("> 7 |   return o.a.b;");
    expect(error.traceback).toContain("    |              ^");
  });

  test("names the earlier cell that it comes from, and the one that called it, and nothing of the kernel", async () => {
    await cells.run("\nfunction thrower() {\n  throw new RangeError('deep')\n}");
    const earlier = cells.latest;
    const { traceback } = await cells.fail("const x: number = 1;\n\nthrower()");
    const frames = traceback.filter((line) => line.startsWith("    at "));
    expect(frames.map((frame) => frame.replace(/:\d+(?=\)?$)/, ""))).toEqual([
      `    at thrower (${earlier}:3)`,
      `    at ${cells.latest}:3`,
    ]);
  });

  test("names its own cell also after code without a number was run, which has a name of its own", async () => {
    await cells.run("\n\nfunction laterThrower() {\n  throw new RangeError('later')\n}");
    const { latest } = cells;
    const silently = (code: string) => cells.interpreter.evaluate(code, Number(latest.slice(3, -1)));
    await silently("1 + 1");
    const outcome = await silently("laterThrower()");
    expect(outcome).toMatchObject({ status: "error" });
    const { traceback } = (outcome as { error: { traceback: string[] } }).error;
    expect(traceback).toContain("> 4 |   throw new RangeError('later')");
    const frames = traceback.filter((line) => line.startsWith("    at "));
    expect(frames.map((frame) => frame.replace(/:\d+(?=\)?$)/, ""))).toEqual([
      `    at laterThrower (${latest}:4)`,
      `    at ${latest.replace("]", ".2]")}:1`,
    ]);
  });

  test("is told after an await too, with who awaited", async () => {
    const { traceback } = await cells.fail(
      "async function later() {\n  await null;\n  throw new Error('late');\n}\nawait later();",
    );
    expect(traceback.filter((line) => line.startsWith("    at "))).toEqual([
      `    at later (${cells.latest}:3:9)`,
      `    at async ${cells.latest}:5:1`,
    ]);
  });

  test("has its cause told", async () => {
    const { traceback } = await cells.fail("throw new Error('outer', { cause: new TypeError('inner') })");
    expect(traceback).toContain("Caused by TypeError: inner");
  });

  test("shows no place in the library where the error says by itself what to mend, and shows it else", async () => {
    const kept = globalThis as { library?: unknown };
    const wrongly = () => {
      throw new TypeError("of its own");
    };
    kept.library = { Image, wrongly };
    onTestFinished(() => void delete kept.library);
    const [ours, another] = [
      await cells.fail("\nawait (globalThis as any).library.Image.read('nowhere.png')"),
      await cells.fail("\n(globalThis as any).library.wrongly()"),
    ].map(({ traceback }) => traceback.filter((line) => line.startsWith("    at ")));
    const places = [ours, another].map((frames) =>
      frames!.map((frame) => /In\[\d+\]:2|\w+\.test\.ts/.exec(frame)?.[0]),
    );
    const latest = Number(cells.latest.slice(3, -1));
    expect(places).toEqual([[`In[${latest - 1}]:2`], ["errors.test.ts", `In[${latest}]:2`]]);
  });

  test("may be anything", async () => {
    const error = await cells.fail("throw { reason: 7 }");
    expect(error.thrown).toEqual({ reason: 7 });
    expect(error.message).toBe("{ reason: 7 }");
  });

  test("is told in the cell's lines also where the cell looks at a stack by itself", async () => {
    expect(await cells.run("\n\nnew Error('seen').stack!.split('\\n')[1]")).toBe(`    at ${cells.latest}:3:1`);
  });
});
