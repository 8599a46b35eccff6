import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { preload } from "../../../kernel/notebook/preload.ts";
import { buildDeclarations } from "../../../kernel/types/declarations.ts";
import { Cells } from "../interpreter/cells.ts";

const declarations = await buildDeclarations();
const cells = await Cells.start({}, { name: "flamingo", ...preload, declarations: Promise.resolve(declarations) });

describe("the library in a notebook that lies elsewhere", () => {
  test("is in scope and typed, also where zod would be asked", async () => {
    expect(await cells.run("flamingo.GatedXattnDense.config.parse({ dim: 8, visualDim: 4 }).heads.toFixed()")).toBe(
      "8",
    );
    const error = await cells.fail(
      "flamingo.instantiate(flamingo.TanhGate, {}, 1); flamingo.GatedXattnDense.config.parse({}).nope",
    );
    expect(error.traceback.join()).toContain("nope");
  });

  test("takes a block that a cell defines with the real zod", async () => {
    await cells.run(
      `import { z } from "zod";
       import { defineBlock, float32 } from "flamingo-studio";
       const Mine = defineBlock({
         name: "Mine", title: "Mine", category: "Tensor", summary: "Passes on.",
         config: z.strictObject({ dim: z.int(), label: z.string().default("a") }), example: { dim: 3 },
         inputs: { x: float32("batch dim", "in") }, outputs: { y: float32("batch dim", "out") },
         build({ dim, label }) { const n: number = dim; const s: string = label; void [n, s]; return ({ x }) => x; },
       });`,
    );
    expect(await cells.run("Mine.name")).toBe("Mine");
  });

  test("shows shapes, units and the paper's section when hovered", async () => {
    const { signature, documentation } = (await cells.interpreter.inspect("flamingo.GatedXattnDense", 12))!;
    expect(signature).toMatch(/^const GatedXattnDense: BlockDefinition</);
    for (const part of ["[batch, media, latents, visualDim]", "in channels", "section 2.2"])
      expect(documentation).toContain(part);
  });

  test("is completed with all that it has", async () => {
    const loaded = (await cells.run("Object.keys(flamingo)")) as string[];
    const offered = (await cells.interpreter.complete("flamingo.", 9)).items.map(({ text }) => text);
    expect(offered).toEqual(expect.arrayContaining(loaded));
  });

  test("is completed with types and documentation, which are found out while no cell runs", async () => {
    await cells.run("flamingo.GatedXattnDense.name");
    const complete = async () => (await cells.interpreter.complete("flamingo.", 9)).items;
    // Each answer leaves the compiler time for some of them.
    await expect
      .poll(async () => (await complete()).filter(({ type }) => type === undefined), { timeout: 60_000 })
      .toEqual([]);
    const items = await complete();
    const undocumented = items.filter(({ documentation }) => documentation === undefined).map(({ text }) => text);
    expect(undocumented).toEqual(["tf"]); // a whole library of others'
    const kindOf = (name: string) => items.find(({ text }) => text === name)!.kind;
    const kinds = { train: "function", Run: "class", GatedXattnDense: "const", tf: "module" };
    expect(Object.fromEntries(Object.keys(kinds).map((name) => [name, kindOf(name)]))).toEqual(kinds);
    expect(items.filter(({ kind }) => kind === "alias")).toEqual([]);
  });

  test("tells each field of a configuration that is being written", async () => {
    const code = "flamingo.instantiate(flamingo.GatedXattnDense, { headD";
    expect((await cells.interpreter.complete(code, code.length)).items[0]).toMatchObject({
      text: "headDim",
      type: "number",
      documentation: expect.stringContaining("Channels of each head."),
    });
  });
});

test("the declarations read none of zod's own", () => {
  expect(readFileSync(declarations, "utf8")).not.toContain('"zod"');
});
