import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyNotebook, parseNotebook, printNotebook } from "../../kernel/nbformat/notebook.ts";
import { optional } from "../optional.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { callFlamingo } from "./callFlamingo.ts";

/** A notebook of these cells in a folder of its own. A cell that begins with `#` is Markdown. */
function writeNotebook(sources: string[], metadata: Record<string, unknown> = {}) {
  const cells = sources.map((source, index) => {
    const id = `cell-${index}`;
    const kept = { tags: ["kept"] };
    return source.startsWith("#")
      ? { cell_type: "markdown" as const, id, metadata: kept, source }
      : { cell_type: "code" as const, id, metadata: kept, source, execution_count: null, outputs: [stale] };
  });
  const file = join(temporaryFolder(), "notebook.ipynb");
  writeFileSync(file, printNotebook({ ...emptyNotebook(metadata), cells }));
  return file;
}

const stale = { output_type: "stream" as const, name: "stdout", text: "from an earlier run" };

function read(file: string) {
  return parseNotebook(readFileSync(file, "utf8"), file);
}

/** What the code cells show, each output by its text. */
function shown(file: string): unknown[] {
  return read(file).cells.flatMap((cell) => {
    if (cell.cell_type !== "code") return [];
    const texts = cell.outputs.map((output) => {
      if (output.output_type === "error") return output.ename;
      return output.output_type === "stream" ? output.text : output.data["text/plain"];
    });
    return [[cell.execution_count, ...texts]];
  });
}

/** Jupyter's own reader, where it is there: it throws for what is no valid notebook. */
function validate(file: string): void {
  execFileSync("/usr/bin/python3", [
    "-c",
    "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], 4))",
    file,
  ]);
}

function hasNbformat(): boolean {
  try {
    execFileSync("/usr/bin/python3", ["-c", "import nbformat"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const validates = optional("notebooks as Jupyter reads them", hasNbformat(), "no python3-nbformat");

describe("flamingo notebook run", () => {
  test("writes what each cell shows, and leaves the rest as it is", async () => {
    const file = writeNotebook(
      [
        "# Title",
        "console.log('one');\nconsole.log('two');\nconst x: number = 20;",
        "const shown = await flamingo.display('early');",
        "let open!: () => void;\nvoid new Promise<void>((wake) => { open = wake; }).then(() => console.log('late'));\nx + 1",
        "",
        "open();\nawait shown.update('updated');\nprocess.cwd()",
      ],
      { kept: true, kernelspec: { name: "tslab", language: "typescript", display_name: "TypeScript" } },
    );
    const { code, out, err } = await callFlamingo(["notebook", "run", file]);
    expect(err).toMatch(/^\[1\/4\] \d+ s {2}console.log\('one'\);\n(.*\n){3}$/);
    expect([code, out]).toEqual([0, `${file}\n`]);
    expect(shown(file)).toEqual([
      [1, "one\ntwo\n"],
      [2, expect.stringContaining("updated")],
      [3, "21", "late\n"],
      [null],
      [4, expect.stringContaining(join(file, ".."))],
    ]);
    if (validates) validate(file);
    const { cells, metadata } = read(file);
    expect(metadata).toMatchObject({
      kept: true,
      kernelspec: { name: "tslab" },
      language_info: { name: "typescript" },
    });
    expect(cells.map(({ id, metadata }) => [id, metadata])).toEqual(
      [0, 1, 2, 3, 4, 5].map((index) => [`cell-${index}`, { tags: ["kept"] }]),
    );
    expect(cells[0]).toMatchObject({ cell_type: "markdown", source: "# Title" });
  });

  test("names the cell that fails, saves what there is, and runs no more; or goes on where it is told to", async () => {
    const sources = ["const x = 1;", "throw new RangeError('too far');", "x + 1"];
    const file = writeNotebook(sources);
    const before = readFileSync(file, "utf8");
    const output = join(temporaryFolder(), "out.ipynb");
    const failed = await callFlamingo(["notebook", "run", file, "--output", output]);
    expect(failed.code).toBe(1);
    expect(failed.err).toMatch(/CELL_FAILED: code cell 2 of 3 \(throw new .*\) failed: RangeError: too far\. Fix: /);
    expect(shown(output)).toEqual([[1], [2, "RangeError"], [null]]);
    const allowed = await callFlamingo(["notebook", "run", file, "--output", output, "--allow-errors"]);
    expect(allowed.code).toBe(0);
    expect(shown(output)).toEqual([[1], [2, "RangeError"], [3, "2"]]);
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  test("ends when a person interrupts it, and saves what there is", async () => {
    const file = writeNotebook(["1", "while (true) {}", "3"]);
    const interrupted = await callFlamingo(["notebook", "run", file], { interruptAt: "[1/3]" });
    expect(interrupted.code).toBe(130);
    expect(shown(file)).toEqual([[1, "1"], [null], [null]]);
  });

  test.each([[["run"]], [["run", "a", "b"]], [["open", "a"]], [["run", "a", "--timeout", "0"]]])(
    "is refused when called wrongly: %j",
    async (args) => expect((await callFlamingo(["notebook", ...args])).code).toBe(2),
  );

  test.each([
    ["is not there", "nowhere.ipynb", undefined, "NOT_FOUND: there is no file nowhere.ipynb"],
    ["is none", undefined, "{}", "INVALID_NOTEBOOK"],
    [
      "is another language's",
      undefined,
      '{"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {"kernelspec": {"name": "python3", "language": "python"}}}',
      "is written in python",
    ],
  ])("says in words that a notebook %s", async (_, name, text, reason) => {
    const file = name ?? join(temporaryFolder(), "bad.ipynb");
    if (text !== undefined) writeFileSync(file, text);
    const { code, err } = await callFlamingo(["notebook", "run", file]);
    expect(code).toBe(1);
    expect(err).toContain(reason);
  });
});
