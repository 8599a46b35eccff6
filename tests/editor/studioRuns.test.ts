import type { Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RecordBody } from "../../src/runs/record.ts";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { seriousViolations } from "./accessibility.ts";
import { stage } from "./stages.ts";
import { startStudio } from "./startStudio.ts";
import { template, writeRun } from "./writeRun.ts";

const whole = 400_000;
const patience = { timeout: 60_000, interval: 100 };

describe.runIf(hasBrowser())("runs, as a person finds and compares them", () => {
  test("a run is starred, tagged, found, deleted and put back; versions are compared", { timeout: whole }, async () => {
    const { url, home } = await startStudio();
    const original = template("emoji-captions");
    const changed = template("emoji-captions");
    changed.name = "Fewer latents";
    Object.assign((changed.nodes.flamingo!.config.resampler as { config: object }).config, { latents: 4 });
    for (const [pipeline, gain] of [[original, 0], [changed, 0.1]] as const) // biome-ignore format: a pair a line is easier to read
      for (const seed of [1, 2, 3]) await writeRun(home, pipeline, recordsOf(pipeline.name, seed, gain), seed);
    const browser = await launchBrowser();
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    await page.goto(url);
    await page.locator(".card-weights").first().waitFor(patience);
    await page.locator(".react-flow__node", { hasText: "Train" }).last().click();
    await page.getByTestId("inspector").waitFor(patience);
    expect.soft(await seriousViolations(page), "the pipeline").toEqual([]);
    await page.getByRole("link", { name: "Runs" }).click();
    const rows = page.getByTestId("runs").locator("tbody tr");
    await expect.poll(() => rows.count(), patience).toBe(6);

    await stage(page, "60 runs", async () => {
      await page.getByRole("button", { name: "Star: Fewer latents" }).first().click();
      await page.getByRole("button", { name: "Name, tags and notes: Fewer latents" }).first().click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Tags").fill("small, try");
      await dialog.getByLabel("Notes").fill("a quarter of the latents");
      await dialog.getByLabel("Name").first().fill("Four latents");
      await dialog.getByRole("button", { name: "Save" }).click();
      await page.getByRole("link", { name: "Four latents" }).waitFor(patience);
      await page.getByLabel("starred").check();
      await expect.poll(() => rows.count(), patience).toBe(1);
      await page.getByLabel("starred").uncheck();
      await page.getByLabel("Search runs").fill("quarter");
      await expect.poll(() => rows.count(), patience).toBe(1);
      await page.getByLabel("Search runs").fill("");
      await page.getByLabel("Tag", { exact: true }).selectOption("small");
      await expect.poll(() => rows.count(), patience).toBe(1);
      await page.getByLabel("Tag", { exact: true }).selectOption("");
    });

    expect.soft(await seriousViolations(page), "runs").toEqual([]);

    await stage(page, "61 a run in the trash", async () => {
      await page.getByRole("button", { name: "Delete: Four latents" }).click();
      await expect.poll(() => rows.count(), patience).toBe(5);
      await page.getByText("1 in the trash").waitFor(patience);
      await page.getByRole("button", { name: "Undo" }).last().click();
      await expect.poll(() => rows.count(), patience).toBe(6);
      await page.getByRole("link", { name: "Four latents" }).waitFor(patience);
    });

    await stage(page, "62 compared", async () => {
      await page.getByLabel("Choose all that are shown").check();
      await page.getByRole("button", { name: "Compare 6" }).click();
      const results = page.getByTestId("compare-results");
      const row = results.getByRole("row", { name: /Best of the candidates/ });
      await row.getByText("better than A").waitFor(patience);
      expect(await row.locator(".difference").getAttribute("title")).toBe("from 3 pairs of runs");
      expect(await row.locator(".difference").textContent()).toContain("+10.0");
      await page.getByTestId("compare-list").getByText("latents").waitFor(patience);
      expect(await page.getByTestId("compare-drawing").getAttribute("aria-label")).toContain("1 changed");
      await expect.poll(() => lines(page), patience).toBeGreaterThan(5);
      await page.getByLabel("Channel").selectOption("gates");
      await page.getByLabel("Line").selectOption("layer 1, feed-forward");
      await expect.poll(() => lines(page), patience).toBe(6);
      const captions = page.getByTestId("compare-captions");
      expect(await captions.locator("tbody tr").count()).toBe(2);
      expect(await captions.locator('[data-right="true"]').count()).toBe(3);
    });
    await page.reload();
    await page.getByText("better than A").first().waitFor(patience);
    await page.getByRole("button", { name: "Compare with this" }).click();
    await page.getByText("worse than A").first().waitFor(patience);
    expect.soft(await seriousViolations(page), "compare").toEqual([]);
    await page.getByRole("link", { name: "Notebooks" }).click();
    await page.getByRole("heading", { name: "Tutorials" }).waitFor(patience);
    expect.soft(await seriousViolations(page), "notebooks").toEqual([]);
    await page.locator(".notebook-link").first().click();
    await page.locator(".cm-content").first().waitFor(patience);
    expect.soft(await seriousViolations(page), "a notebook").toEqual([]);
  });
});

/** How many lines the first plot has. */
function lines(page: Page): Promise<number> {
  return page.getByTestId("compare-plot").evaluate((plot) => (plot as { data?: unknown[] }).data?.length ?? 0);
}

/** A run that succeeded: `gain` is what its pipeline is better by. */
function recordsOf(name: string, seed: number, gain: number): RecordBody[] {
  const device = { name: "cpu", reason: "", description: "" };
  const value = 0.4 + gain + 0.02 * seed;
  const gate = { node: "flamingo", path: ["a"], layer: 0, update: "Feed-forward" };
  return [
    { channel: "run", value: { name, seed, device, from: 0 } },
    { channel: "training", value: { node: "train", steps: 3, weights: 2, trainable: 1 } },
    { channel: "gates", value: { gates: [gate, { ...gate, path: ["b"], layer: 1 }] } },
    ...[1, 2, 3].flatMap((step): RecordBody[] => [
      { channel: "loss", step, value: { total: 4 / step + seed / 9 - gain } },
      { channel: "gates", step, value: [step / 10, step / (20 - 9 * seed)] },
    ]),
    {
      channel: "samples",
      step: 3,
      value: [
        { image: 0, label: "umbrella", caption: gain > 0 ? "umbrella" : "hat" },
        { image: 1, label: "cat", caption: "dog" },
      ],
    },
    {
      channel: "results",
      value: {
        node: "evaluate",
        set: "heldOut",
        title: "Held-out images",
        metrics: [
          {
            metric: "bestCandidate",
            title: "Best of the candidates",
            unit: "share",
            ...{ value, low: value - 0.1, high: value + 0.1, count: 100 },
          },
        ],
      },
    },
    { channel: "status", value: { status: "succeeded" } },
  ];
}
