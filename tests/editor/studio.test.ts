import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { seriousViolations } from "./accessibility.ts";
import { node as canvasNode } from "./canvas.ts";
import { photograph, stage } from "./stages.ts";
import { startStudio } from "./startStudio.ts";

const whole = 400_000;
/** Training is slow where the cores are busy; everything here waits for what a person would see. */
const patience = { timeout: 200_000, interval: 250 };

describe.runIf(hasBrowser())("the studio, as a person sees it", () => {
  test("a Flamingo learns from the template's images before one's eyes", { timeout: whole }, async () => {
    const { url, home } = await startStudio();
    const { open, complaints } = await openBrowser();
    const page = await open(url);
    await stage(page, "1 seeing the template", () => seeTemplate(page));
    await stage(page, "2 refused a wire", () => refuseWire(page));
    await stage(page, "3 inside a block", () => lookInside(page));
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await stage(page, "4 learning", () => seeLearning(page));
    await stage(page, "5 samples and attention", () => seePictures(page));
    await stage(page, "5 optimizer", () => seeOptimizer(page));
    await stage(page, "6 paused", () => pause(page, home));
    const paused = await whatIsShown(page);
    await stage(page, "7 the same after a reload", async () => {
      await page.reload();
      await expect.poll(() => whatIsShown(page), patience).toEqual(paused);
    });
    const second = await open(url);
    await stage(second, "8 the same in another tab", async () => {
      await expect.poll(() => whatIsShown(second), patience).toEqual(paused);
      await second.getByRole("button", { name: "Continue" }).click();
      await expect.poll(() => status(page), patience).toBe("running");
      await expect.poll(() => stepsDrawn(page), patience).toBeGreaterThan(paused.steps);
    });
    await stage(page, "9 stopped", () => stop(page, home));
    await stage(page, "10 step by step", () => followImage(page, home));
    expect(complaints).toEqual([]);
  });
});

/** A browser, and what its pages complain of: errors in the console, in a script, or against the content policy. */
async function openBrowser() {
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  const complaints: string[] = [];
  const open = async (url: string): Promise<Page> => {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", ({ message }) => complaints.push(message));
    page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on("console", (line) => {
      if (line.type() === "error" || /content security policy/i.test(line.text())) complaints.push(line.text());
    });
    await page.goto(url);
    return page;
  };
  return { open, complaints };
}

const nodes = {
  documents: "Emoji documents",
  flamingo: "Flamingo",
  loss: "Next-token loss",
  train: "Train",
  samples: "Caption samples",
};

function node(page: Page, id: keyof typeof nodes): Locator {
  return canvasNode(page, id);
}

function port(page: Page, id: keyof typeof nodes, name: RegExp): Locator {
  return node(page, id).getByLabel(name);
}

async function seeTemplate(page: Page): Promise<void> {
  for (const [id, title] of Object.entries(nodes))
    await node(page, id as keyof typeof nodes)
      .getByText(title, { exact: true })
      .first()
      .waitFor();
  await port(page, "documents", /^output images 24×2×.*32×32×3/).waitFor();
  await port(page, "flamingo", /^output logits 24×\S+×\d+/).waitFor();
  expect(await page.locator(".wire").count()).toBe(7);
  expect(await page.getByRole("alert").count()).toBe(0);
}

async function refuseWire(page: Page): Promise<void> {
  await drag(page, port(page, "documents", /^output images/), port(page, "loss", /^input targets/));
  const reason = page.getByTestId("wiring-reason");
  await reason.waitFor();
  expect(await reason.textContent()).toMatch(/images/);
  await page.mouse.up();
  await page.getByRole("alert").waitFor();
  await photograph(page, "2 the reason of a refusal");
  expect(await page.locator(".wire").count()).toBe(7);
}

/** Drags from one port to another, and holds. */
async function drag(page: Page, from: Locator, to: Locator): Promise<void> {
  await from.hover(); // waits until it rests
  const [start, end] = [await center(from), await center(to)];
  await page.mouse.move(...start);
  await page.mouse.down();
  await page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2);
  await page.mouse.move(...end, { steps: 4 });
}

async function center(port: Locator): Promise<[number, number]> {
  const box = (await port.boundingBox())!;
  return [box.x + box.width / 2, box.y + box.height / 2];
}

async function lookInside(page: Page): Promise<void> {
  await node(page, "flamingo").getByText(nodes.flamingo, { exact: true }).first().click();
  await page.keyboard.press("Control+Enter");
  const inside = page.getByTestId("inside");
  for (const part of ["Convolutional encoder", "Perceiver Resampler", "Language model with gated layers"])
    await inside.getByText(part, { exact: true }).first().waitFor();
  await page.locator(".wire-label", { hasText: "24×2×8×128" }).waitFor(); // the resampler's media
  await photograph(page, "3 inside the Flamingo");
  await inside.getByText("Perceiver Resampler", { exact: true }).first().dblclick();
  await inside.getByText("Perceiver attention").first().waitFor();
  await inside.getByText("Perceiver attention").first().dblclick();
  const crumbs = page.getByRole("navigation", { name: "Where you are" });
  await crumbs.getByText("Perceiver attention").waitFor();
  await crumbs.getByRole("button", { name: "Perceiver Resampler" }).click();
  await inside.getByText("Feed-forward").first().waitFor();
  await photograph(page, "4 inside the resampler");
  await crumbs.getByRole("button", { name: "Emoji captions" }).click();
  await page.getByTestId("canvas").waitFor();
  await page.getByRole("button", { name: "Close the inspector" }).click();
}

async function seeLearning(page: Page): Promise<void> {
  await page.getByTestId("loss-readout").waitFor({ timeout: patience.timeout });
  await expect.poll(() => numberIn(page, "loss-readout"), patience).toBeGreaterThan(0);
  const first = await numberIn(page, "loss-readout");
  await expect.poll(() => numberIn(page, "gates-readout"), patience).toBeGreaterThan(0.01);
  await expect.poll(() => numberIn(page, "loss-readout"), patience).toBeLessThan(first - 1);
  expect(await page.getByTestId("node-gates").getByRole("img").getAttribute("aria-label")).toMatch(/up to 0\.[0-9]/);
}

async function seePictures(page: Page): Promise<void> {
  const samples = page.getByTestId("samples-panel");
  await expect.poll(() => samples.getByRole("img").count(), patience).toBeGreaterThan(3);
  await expect.poll(() => numberIn(page, "shown-step", samples), patience).toBeGreaterThan(0);
  const captions = await samples.locator(".sample-caption").allTextContents();
  expect(captions.filter((caption) => caption !== "nothing")).not.toHaveLength(0);
  const attention = page.getByTestId("attention-panel");
  await attention.getByRole("group", { name: "Image" }).getByRole("button").nth(1).click();
  const word = attention.getByRole("group", { name: "Token" }).getByRole("button").last();
  await word.click();
  const map = attention.getByRole("img", { name: `“${(await word.textContent())!.trim()}” attends to` });
  await map.waitFor();
  await expect.poll(() => map.evaluate(colorsIn), patience).toBeGreaterThan(20);
}

/** A panel that knows nothing of its channel: two plots, which follow the run, and a control of its view. */
async function seeOptimizer(page: Page): Promise<void> {
  const tab = page.getByRole("button", { name: "Optimizer", exact: true });
  await tab.click();
  const panel = page.getByTestId("optimizer-panel");
  const points = (plot: Element) => (plot as Element & { data?: { y: unknown[] }[] }).data?.[0]?.y.length ?? 0;
  await expect.poll(() => panel.locator(".plot").count(), patience).toBe(2);
  const plots = await panel.locator(".plot").all();
  for (const plot of plots) await expect.poll(() => plot.evaluate(points), patience).toBeGreaterThan(3);
  await panel.getByLabel("log axis").check();
  const axis = (plot: Element) => (plot as Element & { layout?: { yaxis: { type: string } } }).layout?.yaxis.type;
  await expect.poll(() => plots[1]!.evaluate(axis), patience).toBe("log");
  await tab.click();
  await panel.waitFor({ state: "detached" });
}

/** How many colours a canvas has on it: none are there before it is drawn. */
function colorsIn(element: Element): number {
  const canvas = element as HTMLCanvasElement;
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}

async function pause(page: Page, home: string): Promise<void> {
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => status(page), patience).toBe("paused");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect.poll(() => status(page), patience).toBe("running");
  await page.getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => status(page), patience).toBe("paused");
  await expect.poll(() => stepsDrawn(page), patience).toBe(stepsLogged(home)); // nothing is lost on the way
  const gap = async () => Math.abs((await numberIn(page, "gates-readout")) - largestGate(home));
  await expect.poll(gap, patience).toBeLessThan(0.0006); // the page rounds to three digits
}

/** The largest |tanh α| of the last step in the log. */
function largestGate(home: string): number {
  const lines = readFileSync(join(runFolder(home), "events.jsonl"), "utf8")
    .trim()
    .split("\n");
  const records = lines.map((line) => JSON.parse(line) as { channel: string; value: unknown });
  const gates = records.filter(({ channel, value }) => channel === "gates" && Array.isArray(value)).at(-1)!;
  return Math.max(...(gates.value as number[]).map(Math.abs));
}

async function stop(page: Page, home: string): Promise<void> {
  await page.getByRole("button", { name: "Stop" }).click();
  await expect.poll(() => status(page), patience).toBe("stopped");
  const files = readdirSync(join(runFolder(home), "checkpoints"));
  expect(files.filter((name) => name.endsWith(".safetensors"))).not.toHaveLength(0);
  await page.getByRole("button", { name: "Resume" }).waitFor();
}

/** One image from pixels to the next token; with all gates closed it is as if there were no image. */
async function followImage(page: Page, home: string): Promise<void> {
  await page.evaluate(
    (run) => {
      location.hash = `#explanation=${run}`;
    },
    basename(runFolder(home)),
  );
  const sentence = page.getByTestId("explanation-caption");
  await sentence.waitFor(patience);
  for (const name of ["Pixels", "Features", "Visual tokens", "Cross-attention", "Gate", "Next token"])
    await page.getByRole("region", { name, exact: true }).locator(".katex").first().waitFor();
  expect.soft(await seriousViolations(page), "step by step").toEqual([]);
  const next = page.getByRole("list", { name: "Probability of the likeliest next tokens" });
  const widths = (kind: string) =>
    next.locator(kind).evaluateAll((bars) => bars.map((bar) => (bar as HTMLElement).style.width));
  const [own, masked] = ["b:not(.beside)", "b.beside"] as const;
  expect(await widths(own)).not.toEqual(await widths(masked));
  await page.getByRole("button", { name: "Close all gates" }).click();
  await expect.poll(async () => String(await widths(own)) === String(await widths(masked)), patience).toBe(true);
  const gates = page.getByRole("region", { name: "Gate", exact: true }).getByRole("slider");
  expect(await gates.evaluateAll((all) => all.map((each) => (each as HTMLInputElement).value))).toEqual(
    Array(8).fill("0"),
  );
  await page.getByRole("button", { name: "As trained" }).click();
  await expect.poll(async () => String(await widths(own)) === String(await widths(masked)), patience).toBe(false);
}

/** What a person can tell two views of a run by. */
async function whatIsShown(page: Page) {
  return {
    address: new URL(page.url()).hash,
    status: await status(page),
    loss: await numberIn(page, "loss-readout"),
    gate: await numberIn(page, "gates-readout"),
    steps: await stepsDrawn(page),
    samples: await page.locator(".sample-caption").allTextContents(),
    frame: await page.getByTestId("attention-map").getAttribute("data-step"),
  };
}

function status(page: Page): Promise<string | null> {
  return page.getByTestId("run-status").getAttribute("data-status");
}

async function numberIn(page: Page, testId: string, within: Page | Locator = page): Promise<number> {
  return Number((await within.getByTestId(testId).textContent())!.replaceAll(",", ""));
}

/** How many steps the loss is drawn for. */
function stepsDrawn(page: Page): Promise<number> {
  const lines = (plot: Element) => (plot as Element & { data?: { x: number[] }[] }).data?.[0]?.x.length ?? 0;
  return page.getByTestId("loss-plot").evaluate(lines);
}

/** Folder of the only run. */
function runFolder(home: string): string {
  const runs = readdirSync(join(home, "runs"));
  expect(runs).toHaveLength(1);
  return join(home, "runs", runs[0]!);
}

function stepsLogged(home: string): number {
  const log = readFileSync(join(runFolder(home), "events.jsonl"), "utf8");
  return log.split("\n").filter((line) => line.includes('"channel":"loss"')).length;
}
