import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { chromium, type Page } from "playwright-core";
import { Random } from "../../src/core/random.ts";
import { readPipeline } from "../../src/pipeline/schema.ts";
import { browserArguments } from "../browser.ts";
import { findChromium } from "../chromium.ts";
import { spawnFlamingo } from "../studioProcess.ts";

/**
 * `npm run -s crash:drafts -- --kills 50 [--edits 20] [--seed S]`: makes random edits in the studio's page and kills the browser with -9 in
 * the middle. Whatever was done half a second before must be there when the page is opened again, and every saved file as it was.
 */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    edits: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
/** Milliseconds of work that may be lost. */
const allowed = 500;
const patience = { timeout: 60_000 };
const executablePath = findChromium();
if (!executablePath) throw new Error("no Chromium: install it, or set CHROME_PATH");
const random = new Random(Number(values.seed));
const home = mkdtempSync(join(tmpdir(), "flamingo-drafts-"));
const studio = spawnFlamingo(home, "start", "--no-open", "--port", "0");
const lost: number[] = [];
let failed = 0;
let edits = 0;
try {
  const url = await addressOf();
  for (let kill = 0; kill < Number(values.kills); kill++) {
    const finding = await killOnce(url, kill).catch((error: Error) => error.message);
    if (finding) failed++;
    console.log(`kill ${kill + 1}: ${finding ?? `${lost.at(-1)} ms of work lost`}`);
  }
  const most = Math.max(0, ...lost);
  console.log(`${values.kills} kills in ${edits} edits, ${failed} with more lost than ${allowed} ms; most ${most} ms`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  studio.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
}

async function addressOf(): Promise<string> {
  for await (const line of createInterface(studio.stdout!)) if (line.startsWith("http://")) return line;
  throw new Error("the studio did not start");
}

/** What is wrong after one kill; undefined if nothing is. */
async function killOnce(url: string, kill: number): Promise<string | undefined> {
  const server = await chromium.launchServer({ executablePath: executablePath!, args: browserArguments });
  const done: { at: number; name: string }[] = [];
  let killed = 0;
  let begun = "";
  const page = await openPage(server.wsEndpoint(), url).catch(async (error: unknown) => {
    await server.kill();
    throw error;
  });
  if (kill === 0) await save(page);
  const files = savedFiles();
  const last = 2 + random.integer(2 * Number(values.edits) - 3);
  let moment: Promise<void> | undefined;
  try {
    for (let edit = 0; killed === 0; edit++) {
      // In the middle of whatever comes then.
      if (edit === last)
        moment = delay(400 * random.uniform()).then(() => {
          killed = Date.now();
          server.process().kill("SIGKILL");
        });
      const name = `edit ${kill}-${edit}`;
      begun = name;
      await editOnce(page, name);
      done.push({ at: Date.now(), name });
      edits++;
    }
  } catch (error) {
    if (!moment) throw error; // not the kill
  }
  await moment;
  const fresh = await chromium.launch({ executablePath: executablePath!, args: browserArguments });
  try {
    const again = await fresh.newPage();
    await again.goto(url);
    const field = again.getByLabel("Name of the pipeline");
    await field.waitFor(patience);
    const found = await field.inputValue();
    const at = done.findIndex(({ name }) => name === found);
    const next = done[at + 1];
    const isLast = found === begun; // it was under way when the browser was killed
    lost.push(next && !isLast ? Math.max(0, killed - next.at) : 0);
    if (JSON.stringify(savedFiles()) !== JSON.stringify(files)) return "a saved file is another";
    if (lost.at(-1)! > allowed) return `${lost.at(-1)} ms of work are lost: it says “${found}”`;
    return undefined;
  } finally {
    await fresh.close();
  }
}

async function openPage(endpoint: string, url: string): Promise<Page> {
  const browser = await chromium.connect(endpoint);
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(url);
  await page.locator(".card").first().waitFor(patience);
  return page;
}

async function save(page: Page): Promise<void> {
  await page.keyboard.press("Control+Shift+s");
  await page.getByRole("dialog").getByLabel("Name").fill("Mine");
  await page.keyboard.press("Enter");
  await page.getByText("Saved “Mine”").waitFor(patience);
}

/** A change of the graph by a key that is drawn, and then of the name, which says how far the edits went. */
async function editOnce(page: Page, name: string): Promise<void> {
  const keys = ["Control+a", "Control+d", "Control+z", "Shift+T", "Control+Shift+z", "Delete"];
  await page.keyboard.press(keys[random.integer(keys.length)]!);
  const field = page.getByLabel("Name of the pipeline");
  await field.fill(name, { timeout: 10_000 });
  await field.press("Enter"); // the keys are the canvas's again
}

/** The saved pipelines by their names, each of which must be a pipeline. */
function savedFiles(): Record<string, string> {
  const folder = join(home, "pipelines");
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => {
        const text = readFileSync(join(folder, name), "utf8");
        readPipeline(text, name);
        return [name, text];
      }),
  );
}
