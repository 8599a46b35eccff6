import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readFrame } from "../../src/channels/attention.ts";
import { attentionScale, tokenAttention, wholeView } from "../../src/channels/tokenAttention.ts";
import { formatNumber } from "../../src/figures/numbers.ts";
import { attentionFile } from "../../src/runs/folder.ts";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { carryOut, newRun, smallPipeline } from "../execution/smallRun.ts";
import { stage } from "./stages.ts";
import { startStudio } from "./startStudio.ts";

const patience = { timeout: 60_000, interval: 100 };

describe.runIf(hasBrowser())("a finished run, looked into", () => {
  test("gates are turned by hand, and attention is explored", { timeout: 300_000 }, async () => {
    const config = { train: { steps: 6, rate: 0.03 } };
    const { folder } = await carryOut(await newRun(smallPipeline({ config, without: ["evaluate"] })));
    const { url, home } = await startStudio();
    mkdirSync(join(home, "runs"), { recursive: true });
    cpSync(folder, join(home, "runs", "small"), { recursive: true });
    const browser = await launchBrowser();
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    await page.goto(url);
    await page.locator(".card-weights").first().waitFor(patience);

    await stage(page, "70 gates by hand", async () => {
      await page.evaluate(() => {
        location.hash = "#run=small";
      });
      await page.locator('[data-panel="intervention"]').click();
      const samples = page.getByTestId("intervention-sample");
      const said = () => samples.first().textContent();
      await expect.poll(said, patience).toMatch(/nats$/);
      const trained = await said();
      await page.getByRole("button", { name: "Close all gates" }).click();
      await expect.poll(said, patience).toMatch(/nats \([+−-]/);
      const sliders = page.getByRole("group", { name: "tanh of each gate" }).getByRole("slider");
      expect(await sliders.evaluateAll((all) => all.map((each) => Number((each as HTMLInputElement).value)))).toEqual([
        0, 0, 0, 0,
      ]);
      const closed = await said();
      await page.getByLabel("mask the image").check();
      await sliders.first().fill("0.9"); // no image comes through the gate
      await sliders.first().fill("0");
      await expect.poll(said, patience).toBe(closed);
      await page.getByLabel("mask the image").uncheck();
      await page.getByRole("button", { name: "As trained" }).click();
      await expect.poll(said, patience).toBe(trained);
    });

    await stage(page, "71 attention on a page of its own", async () => {
      await page.locator('[data-panel="attention"]').click();
      await page.getByRole("link", { name: "Explore on a page of its own" }).click();
      const frame = readFrame(JSON.parse(readFileSync(join(folder, attentionFile(6)), "utf8")));
      const image = frame.images[0]!;
      const tokens = page.getByRole("group", { name: "Token" }).getByRole("button");
      await expect.poll(() => tokens.count(), patience).toBe(image.tokens.length);
      const last = image.tokens.length - 1;
      await tokens.nth(last).hover();
      const shares = tokenAttention(frame.layers, image, wholeView, last);
      const value = page.getByTestId("attention-value");
      await expect.poll(() => value.textContent(), patience).toContain(formatNumber(Math.max(...shares)));
      // Pointing at a patch, each token tells how much it looks there.
      const canvas = page.locator(".attention-canvas");
      const { width, height } = (await canvas.boundingBox())!;
      const { rows, columns } = frame.grid;
      await canvas.hover({ position: { x: (width * 0.5) / columns, y: height - (height * 0.5) / rows } });
      const patch = (rows - 1) * columns;
      const expected = image.tokens.map((_, token) => tokenAttention(frame.layers, image, wholeView, token)[patch]!);
      await expect
        .poll(
          () => tokens.evaluateAll((all) => all.map((each) => Number((each as HTMLElement).dataset.share))),
          patience,
        )
        .toEqual(expected);
      await page.getByRole("button", { name: "layer 2, head 1" }).click();
      const chosen = { ...wholeView, layer: 1, head: 0 };
      const { end } = attentionScale(frame.layers, image, chosen);
      await expect.poll(() => page.locator(".color-bar span").first().textContent(), patience).toBe(formatNumber(end));
      await page.getByRole("slider", { name: "step" }).fill("0");
      await expect.poll(() => page.getByTestId("shown-step").textContent(), patience).toBe("0");
    });

    await stage(page, "72 what heads and images are worth", async () => {
      await page.getByRole("button", { name: "What is each head worth?" }).click();
      await expect.poll(() => page.locator(".head-worth").count(), patience).toBe(2 * (2 + 1)); // heads, and all of a layer
      await page.getByRole("slider", { name: "step" }).fill("2");
      const frame = readFrame(JSON.parse(readFileSync(join(folder, attentionFile(6)), "utf8")));
      const { tokens, mask } = frame.document!;
      const rows = page.getByTestId("document").locator("tbody tr");
      await expect.poll(() => rows.count(), patience).toBe(2);
      for (const image of [0, 1]) {
        const cells = rows.nth(image).locator("td[data-allowed]");
        const shown = await cells.evaluateAll((all) =>
          all.map((each) => (each as HTMLElement).dataset.allowed === "true"),
        );
        expect(shown).toEqual(tokens.map((_, token) => mask[token]![image]!));
      }
      expect(await rows.nth(1).locator(".document-sum").first().textContent()).toBe("0"); // comes after the first caption
    });

    await stage(page, "73 two steps side by side", async () => {
      await page.getByLabel("Beside it").selectOption("another step");
      expect(new URL(page.url()).hash).toBe("#attention=small,small");
      const [left, right] = [page.getByLabel("Left"), page.getByLabel("Right")];
      await left.getByRole("slider", { name: "step" }).fill("0");
      const [before, after] = [0, 6].map((step) =>
        readFrame(JSON.parse(readFileSync(join(folder, attentionFile(step)), "utf8"))),
      );
      const view = { ...wholeView, layer: 1, head: 0 };
      const of = (frame: typeof before) => frame!.images[0]!;
      const ends = [before, after].map((frame) => attentionScale(frame!.layers, of(frame), view).end);
      for (const [side, frame] of [
        [left, before],
        [right, after],
      ] as const) {
        // biome-ignore format: a pair each
        await side.getByRole("group", { name: "Token" }).getByRole("button").first().hover();
        const shares = tokenAttention(frame!.layers, of(frame), view, 0);
        const value = () => side.getByTestId("attention-value").textContent();
        await expect.poll(value, patience).toContain(formatNumber(Math.max(...shares)));
        const end = () => side.getByTestId("attention-end").textContent();
        await expect.poll(end, patience).toBe(formatNumber(Math.max(...ends))); // one scale
      }
      await page.reload();
      await page.getByLabel("Right").locator(".attention-canvas").waitFor(patience);
    });
  });
});
