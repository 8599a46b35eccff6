import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { hasBrowser } from "../browser.ts";
import { openTemplate } from "./openTemplate.ts";
import { stage } from "./stages.ts";
import { template, writeRun } from "./writeRun.ts";

const whole = 400_000;
const patience = { timeout: 60_000, interval: 100 };

describe.runIf(hasBrowser())("what is written and what is found, as a person sees it", () => {
  test("a folder and what a node starts from are checked before a run", { timeout: whole }, async () => {
    const { page, home } = await openTemplate(1440, 900);
    const findings = page.getByTestId("findings");
    const images = join(home, "mine");
    mkdirSync(images);
    const files = Array.from({ length: 30 }, (_, at) => `${at}.png`);
    for (const file of files)
      await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
        .png()
        .toFile(join(images, file));
    const lines = files.map((file) => JSON.stringify({ file, caption: "a red zyzzyva" }));
    writeFileSync(join(images, "captions.jsonl"), lines.join("\n"));
    await stage(page, "30 a folder", async () => {
      await page.locator(".palette").getByText("Image folder").click();
      const folder = page.getByLabel("Folder", { exact: true });
      await folder.fill(join(home, "nowhere"));
      await findings.getByText("there is no folder", { exact: false }).waitFor(patience);
      await folder.fill(images);
      await findings.getByText("30 images, 30 captions").waitFor(patience);
      await findings.getByText("too wide to say anything").waitFor(patience);
      expect(await findings.getByText("zyzzyva").count()).toBe(0); // byte-level BPE says any word
      await page.getByLabel("Tokenizer", { exact: true }).fill("words");
      await findings.getByText("vocabulary: zyzzyva").waitFor(patience);
    });
    await stage(page, "31 what a node starts from", async () => {
      await page.keyboard.press("Escape");
      await page.locator(".palette").getByText("Convolutional encoder").click();
      const starts = page.getByLabel("Starts from");
      await expect
        .poll(() => starts.locator("option").allTextContents(), patience)
        .toContain("emoji-vision (comes with the studio)");
      await starts.selectOption("emoji-language");
      await findings.getByText("2 of 25 weights come from emoji-language; the others start fresh").waitFor(patience);
      await starts.selectOption("emoji-vision");
      await findings.getByText("25 of 25 weights come from emoji-vision").waitFor(patience);
    });
  });

  test("results say what was measured, in which unit, and what says nothing", { timeout: whole }, async () => {
    const { page, home, url } = await openTemplate(1440, 900);
    const device = { name: "cpu", reason: "", description: "" };
    const metric = {
      metric: "bestCandidate",
      title: "Best of the candidates",
      description: "The right one is likeliest.",
    };
    const { id } = await writeRun(home, template("emoji-captions"), [
      { channel: "run", value: { name: "Emoji captions", seed: 0, device, from: 0 } },
      { channel: "training", value: { node: "train", steps: 2, weights: 1, trainable: 1 } },
      { channel: "loss", step: 1, value: { total: 3 } },
      { channel: "loss", step: 2, value: { total: 2 } },
      { channel: "optimizer", step: 1, value: { rate: 0.001, norm: 1 } },
      { channel: "time", step: 1, value: { milliseconds: 12, waiting: 0 } },
      {
        channel: "results",
        value: {
          node: "evaluate",
          set: "heldOut",
          title: "Held-out images",
          metrics: [
            { ...metric, unit: "share", value: 0.5, low: 0.095, high: 0.905, count: 2, hits: 1 },
            { ...metric, metric: "gain", title: "Gain", unit: "nats/token", value: 1, low: 0.5, high: 1.5, count: 2 },
          ],
        },
      },
      { channel: "status", value: { status: "succeeded" } },
    ]);
    await page.goto(`${url.split("?")[0]}#run=${id}`);
    await page.reload();
    await page.locator(".dock").waitFor(patience);
    await stage(page, "33 what the loss is", async () => {
      const panel = page.getByTestId("loss-panel");
      await panel.getByText("nats/token, smoothed").waitFor(patience);
      for (const name of ["each step", "moving average"]) await panel.getByText(name).first().waitFor();
      await page.getByRole("button", { name: "Optimizer", exact: true }).click();
      const optimizer = page.getByTestId("optimizer-panel");
      for (const name of ["Learning rate", "Gradient norm"]) await optimizer.getByText(name).first().waitFor(patience);
      await page.getByRole("button", { name: "Time", exact: true }).click();
      await page.getByTestId("time-panel").getByText("ms per step").first().waitFor(patience);
    });
    await stage(page, "32 results", async () => {
      await page.getByRole("button", { name: /^Results/ }).click();
      const results = page.getByTestId("results");
      await results.getByText("The right one is likeliest.").first().waitFor(patience);
      await results.getByText("% of examples").waitFor();
      await results.getByText("nats/token").waitFor();
      await results.getByText("too wide to say anything").waitFor();
    });
  });
});
