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

/** Milliseconds that a training in a tutorial may take. */
const patience = 180_000;

/** What a training says of the time that it took, in milliseconds. */
function trainingTimes(text: string): number[] {
  const found = [...text.matchAll(/succeeded after (?:(\d+) min ?)?(?:(\d+(?:\.\d+)?) s)?/g)];
  return found.map(([, minutes = 0, seconds = 0]) => (Number(minutes) * 60 + Number(seconds)) * 1000);
}

interface Plot {
  label: string;
  /** Of its longest line. */
  points: number;
  /** Numbers that stand at its axes. */
  numbers: number;
}

/** The plots in HTML: drawings with lines, each with what is written in it. */
function plotsIn(html: string): Plot[] {
  const plots = [...html.matchAll(/<svg[^>]*aria-label="([^"]*)"[\s\S]*?<\/svg>/g)].map(([svg, label]) => {
    const lines = [...svg.matchAll(/<path d="([^"]*)" fill="none"/g)].map(([, path]) => path!.split(/[ML]/).length - 1);
    const numbers = [...svg.matchAll(/<text[^>]*>[−\d.]+<\/text>/g)].length;
    return { label: label!, points: Math.max(0, ...lines), numbers };
  });
  return plots.filter(({ points }) => points > 5);
}

/** The HTML of all outputs of a notebook. */
function htmlOutputs(file: string): string {
  const cells = parseNotebook(readFileSync(file, "utf8"), file).cells;
  const outputs = cells.flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []));
  const bundles = outputs.flatMap((output) => ("data" in output ? [output.data as Record<string, unknown>] : []));
  return bundles.map((data) => data["text/html"] ?? "").join("\n");
}

/** Executes a notebook with Jupyter's own nbconvert, into a page. */
async function convert(
  file: string,
  ...more: string[]
): Promise<{ status: number | null; html: string; errors: string }> {
  const out = temporaryFolder();
  const home = join(out, "home");
  mkdirSync(home);
  mkdirSync(drawings, { recursive: true });
  symlinkSync(drawings, join(home, "cache"), "junction");
  const words = ["-m", "nbconvert", "--execute", "--to", "html", "--ExecutePreprocessor.timeout=600", ...more];
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
    for (const time of trainingTimes(JSON.stringify(outputs))) expect(time).toBeLessThan(patience);
  });

  test("that trains says how long it took", () => {
    const trains = readFileSync(join(folder, "03-train-a-Flamingo.ipynb"), "utf8");
    expect(trainingTimes(trains)[0]).toBeGreaterThan(0);
  });

  test.runIf(python).each(tutorials)(
    "%s runs under nbconvert, and its page shows the plots",
    async (file) => {
      const { status, html, errors } = await convert(join(folder, file));
      expect(errors).not.toContain("Traceback");
      expect(status).toBe(0);
      expect(html.match(/<svg|<img/g)?.length).toBeGreaterThan(1);
      const [plots, committed] = [plotsIn(html), plotsIn(htmlOutputs(join(folder, file)))];
      expect(committed.length).toBeGreaterThan(0);
      expect(plots.map(({ label }) => label)).toEqual(committed.map(({ label }) => label));
      for (const [index, { points, numbers }] of plots.entries()) {
        expect(points).toBeGreaterThan(committed[index]!.points / 2); // how many are drawn depends on where they lie
        expect(numbers).toBeGreaterThan(5);
      }
      expect(html).not.toContain("not able to be represented");
    },
    600_000,
  );
});

/** A notebook whose first cell fails. */
function failingNotebook(): string {
  const file = join(temporaryFolder(), "failing.ipynb");
  const sources = ["const answer: number = 42;\nthrow new RangeError(`no $" + "{answer} here`);", "6 * 7 + 1"];
  const cells = sources.map((source, index) => ({
    ...{ cell_type: "code", id: `cell-${index}`, metadata: {}, execution_count: null, outputs: [] },
    source,
  }));
  const kernelspec = { name: "flamingo", display_name: "TypeScript (Flamingo)", language: "typescript" };
  writeFileSync(file, JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }));
  return file;
}

test.runIf(python)(
  "a failing cell fails nbconvert, which shows the error in the cell's own lines",
  async () => {
    const { status, errors } = await convert(failingNotebook());
    expect(status).toBe(1);
    expect(errors).toContain("RangeError: no 42 here");
    expect(errors).toContain("In[1]:2");
  },
  120_000,
);

test.runIf(python)(
  "a failing cell that nbconvert allows shows its error on the page, and the next cell its result",
  async () => {
    const { status, html } = await convert(failingNotebook(), "--allow-errors");
    expect(status).toBe(0);
    const words = html.replace(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>|<[^>]*>/g, "");
    expect(words).toContain("RangeError: no 42 here");
    expect(words).toContain("In[1]:2");
    expect(words).toMatch(/\b43\b/);
  },
  120_000,
);
