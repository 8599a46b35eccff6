import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";
import { io } from "socket.io-client";
import { describe, expect, test } from "vitest";
import { socketTransports } from "../../editor/shared/protocol.ts";
import { tokenAttention, wholeView } from "../../src/channels/tokenAttention.ts";
import { formatNumber, formatShare } from "../../src/figures/numbers.ts";
import { hasBrowser } from "../browser.ts";
import { liveFrame, liveValues } from "./liveValues.ts";
import { openStudioInBrowser } from "./openPage.ts";
import { stage } from "./stages.ts";
import { template } from "./writeRun.ts";

const patience = { timeout: 120_000, interval: 200 };
const steps = 100;

describe.runIf(hasBrowser())("a run, live and afterwards", () => {
  test("is the same for two viewers, after a reload and for one who comes late; every number is that of the log", {
    timeout: 400_000,
  }, async () => {
    const trainer = fileURLToPath(new URL("liveTrainer.ts", import.meta.url));
    const { studio, browser, home } = await openStudioInBrowser(trainer);
    /** A viewer in a browser of their own. */
    const open = async () => {
      const page = await (await browser.newContext({ viewport: { width: 1920, height: 1080 } })).newPage();
      await page.goto(studio.url);
      await page.locator(".card-weights").first().waitFor(patience);
      return page;
    };
    const [first, second] = [await open(), await open()];
    const run = await start(studio);
    for (const page of [first, second]) await show(page, `#run=${run}`);
    await expect.poll(async () => (await lossOf(first)).length, patience).toBeGreaterThan(2);
    await second.reload();
    const late = await open();
    await show(late, `#run=${run}`);
    const viewers = [first, second, late];
    await stage(first, "80 a run that was watched live", async () => {
      for (const page of viewers)
        await expect.poll(() => page.getByTestId("run-status").getAttribute("data-status"), patience).toBe("succeeded");
    });

    const records = readFileSync(join(home, "runs", run, "events.jsonl"), "utf8")
      .trim()
      .split("\n");
    const logged = records.map(
      (line) => JSON.parse(line) as { channel: string; step?: number; value: { total: number } },
    );
    const losses = logged
      .filter(({ channel }) => channel === "loss")
      .map(({ step, value }) => [step, drawn(value.total)]);
    expect(losses).toHaveLength(steps);
    for (const page of viewers) {
      await expect.poll(() => lossOf(page), patience).toEqual(losses);
      const map = page.getByTestId("attention-map");
      await expect.poll(() => map.getAttribute("data-step"), patience).toBe(String(steps)); // the newest frame
      expect(await page.getByTestId("gates-readout").textContent()).toBe(formatNumber(liveValues(steps).tanh));
    }

    await stage(late, "81 what changed", async () => {
      await late.locator('[data-panel="changes"]').click();
      const found = await late.getByTestId("changes").locator("li").allTextContents();
      expect(found).toEqual([
        "step 10layer 1, masked cross-attention opened: tanh(α) is 0.050",
        expect.stringMatching(/^step 37the loss is 20\.1/),
        "step 50“red heart” is captioned right",
      ]);
    });

    await stage(first, "82 a step of the loss", async () => {
      const { x, y } = await pointOf(first, 37);
      await first.mouse.move(x, y);
      const hover = () => first.getByTestId("loss-plot").locator(".hoverlayer").textContent();
      await expect.poll(hover, patience).toContain(liveValues(37).loss.toPrecision(4));
      expect(await hover()).toContain("37");
    });

    await stage(first, "83 samples and attention of any step", async () => {
      const samples = first.getByTestId("samples-panel");
      for (const step of [45, 50]) {
        await samples.getByRole("slider", { name: "step" }).fill(String(step / 5 - 1));
        await expect
          .poll(() => samples.locator(".sample-caption").textContent(), patience)
          .toBe(liveValues(step).caption);
      }
      await show(first, `#attention=${run}`);
      const tokens = first.getByRole("group", { name: "Token" }).getByRole("button");
      for (const step of [5, 60]) {
        await first.getByRole("slider", { name: "step" }).fill(String(step / 5 - 1));
        await expect.poll(() => first.getByTestId("shown-step").textContent(), patience).toBe(String(step));
        await tokens.nth(1).hover();
        const { layers, images } = liveFrame(step);
        const largest = Math.max(...tokenAttention(layers, images[0]!, wholeView, 1));
        await expect
          .poll(() => first.getByTestId("attention-value").textContent(), patience)
          .toContain(formatNumber(largest));
      }
    });

    await stage(first, "84 the frames of a video", async () => {
      await first.getByRole("button", { name: "moves left" }).click();
      const frames = first.getByRole("group", { name: "Frame" });
      const shown = async () => (await frames.locator("output").allTextContents()).map((text) => text.trim());
      for (const step of [60, 90]) {
        await first.getByRole("slider", { name: "step" }).fill(String(step / 5 - 1));
        const { layers, images } = liveFrame(step);
        const shares = [0, 1, 2].map((time) => {
          const own = tokenAttention(layers, images[1]!, { ...wholeView, time }, 1);
          return formatShare(own.reduce((sum, share) => sum + share, 0));
        });
        await expect.poll(shown, patience).toEqual(shares);
      }
      const seen = (image: Element) => (image as HTMLImageElement).naturalWidth;
      for (const image of await frames.getByRole("img").all())
        await expect.poll(() => image.evaluate(seen), patience).toBe(8);
      await frames.getByRole("button", { name: "frame 3" }).click();
      const largest = Math.max(
        ...tokenAttention(liveFrame(90).layers, liveFrame(90).images[1]!, { ...wholeView, time: 2 }, 1),
      );
      await expect
        .poll(() => first.getByTestId("attention-value").textContent(), patience)
        .toContain(formatNumber(largest));
    });

    await stage(first, "85 two runs side by side", async () => {
      const other = await start(studio, 20);
      await first.getByRole("button", { name: "red heart" }).click(); // no video: the frame that was chosen is none of its own
      await show(first, `#attention=${run},${other}`);
      const sides = ["Left", "Right"].map((name) => first.getByRole("region", { name, exact: true }));
      const [left, right] = sides as [Locator, Locator];
      /** Each side has the value of its own step, and both have the scale of the larger one. */
      const see = async (...shown: [number, number]) => {
        const largest = shown.map((step) => {
          const { layers, images } = liveFrame(step);
          return Math.max(...tokenAttention(layers, images[0]!, wholeView, 1));
        });
        for (const [at, side] of sides.entries()) {
          await expect.poll(() => side.getByTestId("shown-step").textContent(), patience).toBe(String(shown[at]));
          const value = () => side.getByTestId("attention-value").locator("strong").textContent();
          await expect.poll(value, patience).toBe(formatNumber(largest[at]));
          const end = () => side.getByTestId("attention-end").textContent();
          await expect.poll(end, patience).toBe(formatNumber(Math.max(...largest)));
        }
      };
      await see(90, 20);
      await right.getByRole("slider", { name: "step" }).fill("1");
      await see(90, 10);
      await left.getByRole("slider", { name: "step" }).fill("0");
      await see(5, 10);
    });
  });
});

/** Starts a run as the page does; returns its id. */
async function start({ port, token }: { port: number; token: string }, most = steps): Promise<string> {
  const origin = `http://127.0.0.1:${port}`;
  const socket = io(origin, { transports: [...socketTransports], extraHeaders: { origin }, query: { token } });
  try {
    const answer = await socket.emitWithAck("run:start", { pipeline: template("emoji-captions"), steps: most });
    return (answer as { value: { run: string } }).value.run;
  } finally {
    socket.close();
  }
}

/** A number as plots have it. */
function drawn(value: number): number {
  return Number(value.toPrecision(6));
}

async function show(page: Page, hash: string): Promise<void> {
  await page.evaluate((address) => {
    location.hash = address;
  }, hash);
}

/** The steps and losses that are drawn. */
async function lossOf(page: Page): Promise<[number, number][]> {
  const plot = page.getByTestId("loss-plot");
  if ((await plot.count()) === 0) return [];
  return plot.evaluate((element) => {
    const line = (element as Element & { data?: { x: number[]; y: number[] }[] }).data?.[0];
    return Array.from(line?.x ?? [], (x, at): [number, number] => [x, line!.y[at]!]);
  });
}

/** Where a step is in the loss's plot, in pixels of the page. */
function pointOf(page: Page, step: number): Promise<{ x: number; y: number }> {
  return page.getByTestId("loss-plot").evaluate((element, at) => {
    type Axis = { l2p(value: number): number; _offset: number; _length: number };
    const { xaxis, yaxis } = (element as unknown as { _fullLayout: { xaxis: Axis; yaxis: Axis } })._fullLayout;
    const { left, top } = element.getBoundingClientRect();
    return { x: left + xaxis._offset + xaxis.l2p(at), y: top + yaxis._offset + yaxis._length / 2 };
  }, step);
}
