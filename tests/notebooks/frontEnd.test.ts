import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { findJupyter, jupyterEnvironment } from "./jupyter.ts";

const python = findJupyter("notebook");
const ready = hasBrowser() && python !== undefined;

let browser: Browser;
beforeAll(async () => {
  if (ready) browser = await launchBrowser();
});
afterAll(() => browser?.close());

const cell = (source: string, index: number) => ({
  ...{ cell_type: "code", id: `cell-${index}`, metadata: {}, execution_count: null, outputs: [] },
  source,
});

/** Writes a notebook of these cells, for our kernel. */
function writeNotebook(folder: string, sources: readonly string[]): string {
  const kernelspec = { name: "flamingo", display_name: "TypeScript (Flamingo)", language: "typescript" };
  const notebook = { cells: sources.map(cell), metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(join(folder, "training.ipynb"), JSON.stringify(notebook));
  return "training.ipynb";
}

/** A port that was free a moment ago: Jupyter Notebook takes the next one if it no longer is, and says which. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Debian's Jupyter Notebook, serving a folder. It ends with the test. Returns its address and token. */
async function startNotebookServer(folder: string, home: string): Promise<{ url: string; token: string }> {
  const token = "of-the-test";
  const words = ["-m", "notebook", "--no-browser", "--allow-root", `--port=${await freePort()}`, "--ip=127.0.0.1"];
  const server = spawn(python!, [...words, `--NotebookApp.token=${token}`, `--notebook-dir=${folder}`], {
    env: await jupyterEnvironment(home),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  onTestFinished(async () => {
    server.kill("SIGTERM");
    await ended;
  });
  for await (const line of createInterface(server.stderr)) {
    const found = /(http:\/\/127\.0\.0\.1:\d+)\//.exec(line);
    if (!found) continue;
    server.stderr.resume();
    return { url: found[1]!, token };
  }
  throw new Error("Jupyter Notebook ended without an address");
}

/** The output area of a cell, by its place. */
const output = (page: Page, index: number) => page.locator(".cell").nth(index).locator(".output_area");

async function run(page: Page, index: number): Promise<void> {
  await page.locator(".cell").nth(index).locator(".CodeMirror").click();
  await page.keyboard.press("Control+Enter");
}

describe.runIf(ready)("Jupyter Notebook", () => {
  test("trains in a cell, shows the plot as it moves, stops it, and goes on with the next cell", async () => {
    const folder = temporaryFolder();
    const home = join(folder, "home");
    mkdirSync(home);
    const file = writeNotebook(folder, [
      `const run = await flamingo.train("pretrain-language", { steps: 5000, seed: 1, targets: ["train"] });`,
      `[run.status, run.state.step > 0, (await run.refresh()).state.checkpoints.length]`,
    ]);
    const { url, token } = await startNotebookServer(folder, home);
    const page = await browser.newPage();
    onTestFinished(() => page.close());
    await page.goto(`${url}/notebooks/${file}?token=${token}`);
    await page.locator(".kernel_idle_icon").waitFor({ timeout: 60_000 });

    await run(page, 0);
    const plot = output(page, 0).locator("svg, img").last();
    await plot.waitFor({ timeout: 60_000 });
    const drawn = () => plot.evaluate((node) => (node as HTMLImageElement).src ?? node.outerHTML);
    await expect.poll(async () => (await output(page, 0).last().textContent()) !== "", { timeout: 60_000 }).toBe(true);
    const first = await drawn();
    await expect.poll(drawn, { timeout: 60_000 }).not.toBe(first);

    await page.locator('button[data-jupyter-action="jupyter-notebook:interrupt-kernel"]').click();
    // The answer to the interrupt is idle for a moment as well: what is run before the training has ended is aborted.
    await expect.poll(drawn, { timeout: 30_000 }).toContain("stopped at step");
    await page.locator(".kernel_idle_icon").waitFor({ timeout: 30_000 });

    await run(page, 1);
    await expect
      .poll(() => output(page, 1).allInnerTexts(), { timeout: 30_000 })
      .toEqual([expect.stringContaining("'stopped', true, 1")]);
  }, 240_000);
});
