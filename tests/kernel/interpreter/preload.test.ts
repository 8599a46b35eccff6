import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Cells } from "./cells.ts";

const file = join(mkdtempSync(join(tmpdir(), "flamingo-types-")), "library.d.ts");
writeFileSync(file, "/** Closed at first. */\nexport declare const gate: number;");
afterAll(() => rmSync(dirname(file), { recursive: true }));
let declare: (file: string) => void = () => {};
const declarations = new Promise<string>((resolve) => {
  declare = resolve;
});
const load = async () => ({ gate: 0 });
const cells = await Cells.start({}, { name: "library", module: "the-library", load, declarations });

test("completion answers also where the library's declarations do not come", async () => {
  expect((await cells.interpreter.complete("library.", 8)).items).toEqual([]);
});

test("completion and inspection wait for the library's declarations where these are on their way", async () => {
  const completions = cells.interpreter.complete("library.", 8);
  const inspection = cells.interpreter.inspect("library.gate", 10);
  declare(file);
  const gate = { text: "gate", type: "number", documentation: "Closed at first." };
  expect((await completions).items).toEqual([expect.objectContaining(gate)]);
  expect((await inspection)?.documentation).toBe("Closed at first.");
});
