import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type CodeCell, parseNotebook } from "../../kernel/nbformat/notebook.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { findJupyter, jupyterEnvironment } from "./jupyter.ts";

const folder = fileURLToPath(new URL("../../notebooks", import.meta.url));
const tutorials = readdirSync(folder).filter((file) => file.endsWith(".ipynb"));
const python = findJupyter("nbconvert");
/** Outlives the tests: drawings are rendered once on a machine, and named by what they were made from. */
const drawings = join(tmpdir(), "flamingo-test-drawings");

/** Executes a notebook with Jupyter's own nbconvert, into a page. */
async function convert(file: string): Promise<{ status: number | null; html: string; errors: string }> {
  const out = temporaryFolder();
  const home = join(out, "home");
  mkdirSync(home);
  mkdirSync(drawings, { recursive: true });
  symlinkSync(drawings, join(home, "cache"), "junction");
  const words = ["-m", "nbconvert", "--execute", "--to", "html", "--ExecutePreprocessor.timeout=600"];
  const { status, stderr } = spawnSync(python!, [...words, "--output-dir", out, "--output", "page", file], {
    env: await jupyterEnvironment(home),
    encoding: "utf8",
  });
  const html = status === 0 ? readFileSync(join(out, "page.html"), "utf8") : "";
  return { status, html, errors: stderr };
}

describe("every tutorial", () => {
  test.each(tutorials)("%s is committed with the outputs of one run from top to bottom, plots as images", (file) => {
    const notebook = parseNotebook(readFileSync(join(folder, file), "utf8"), file);
    const cells = notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
    expect(cells.map((cell) => cell.execution_count)).toEqual(cells.map((_, index) => index + 1));
    const outputs = cells.flatMap((cell) => cell.outputs);
    expect(outputs.filter((output) => output.output_type === "error")).toEqual([]);
    const bundles = outputs.flatMap((output) => ("data" in output ? [output.data as Record<string, unknown>] : []));
    expect(bundles.every((data) => "text/plain" in data)).toBe(true);
    expect(bundles.some((data) => "image/png" in data || "image/svg+xml" in data)).toBe(true);
    expect(JSON.stringify(outputs)).not.toContain(folder);
  });

  test.runIf(python).each(tutorials)(
    "%s runs under nbconvert, and its page shows the plots",
    async (file) => {
      const { status, html, errors } = await convert(join(folder, file));
      expect(errors).not.toContain("Traceback");
      expect(status).toBe(0);
      expect(html.match(/<svg|<img/g)?.length).toBeGreaterThan(1);
      expect(html).not.toContain("not able to be represented");
    },
    600_000,
  );
});

test.runIf(python)(
  "a failing cell fails nbconvert, which shows the error in the cell's own lines",
  async () => {
    const file = join(temporaryFolder(), "failing.ipynb");
    const source = "const answer: number = 42;\nthrow new RangeError(`no $" + "{answer} here`);";
    const failing = { cell_type: "code", id: "fails", metadata: {}, execution_count: null, outputs: [], source };
    const kernelspec = { name: "flamingo", display_name: "TypeScript (Flamingo)", language: "typescript" };
    writeFileSync(file, JSON.stringify({ cells: [failing], metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }));
    const { status, errors } = await convert(file);
    expect(status).toBe(1);
    expect(errors).toContain("RangeError: no 42 here");
    expect(errors).toContain("In[1]:2");
  },
  120_000,
);
