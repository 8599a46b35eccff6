import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { hasBrowser } from "../browser.ts";
import { modelFolder } from "../models/modelFolder.ts";
import { openTemplate } from "./openTemplate.ts";
import { stage } from "./stages.ts";

const whole = 300_000;
const patience = { timeout: 60_000, interval: 100 };

/** Drops files on the canvas, as a file manager does. */
async function drop(page: Page, files: { name: string; bytes: Buffer }[]): Promise<void> {
  const given = files.map(({ name, bytes }) => ({ name, text: bytes.toString("base64") }));
  await page.evaluate((files) => {
    const transfer = new DataTransfer();
    for (const { name, text } of files)
      transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], name));
    const canvas = document.querySelector(".react-flow")!;
    for (const type of ["dragover", "drop"])
      canvas.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, given);
}

const filesOf = (folder: string) =>
  readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));

describe.runIf(hasBrowser())("a model of another library, as a person opens it", () => {
  test("by its path, by its folder, and by files that are dropped on the page", { timeout: whole }, async () => {
    const { page, home } = await openTemplate(1280, 720);
    const dialog = page.getByRole("dialog", { name: "Open a model" });
    const open = dialog.getByRole("button", { name: "Open", exact: true });
    const models = () => readdirSync(join(home, "models")).sort();

    await stage(page, "60 a model by its path", async () => {
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("menuitem", { name: "Open a model…" }).click();
      await dialog.getByLabel("Folder", { exact: false }).first().fill("/nowhere/at/all");
      await open.click();
      await dialog.getByRole("alert").getByText("there is nothing at /nowhere/at/all").waitFor(patience);
      await dialog.getByLabel("Folder", { exact: false }).first().fill(modelFolder("gpt2"));
      await dialog.getByLabel("Frozen weights").selectOption("8");
    });
    await open.click();
    await dialog.waitFor({ ...patience, state: "hidden" });
    await page.locator(".react-flow__node").getByText("GPT-2").first().waitFor(patience);
    expect(JSON.parse(readFileSync(join(home, "models", "gpt2.json"), "utf8"))).toMatchObject({ quantize: 8 });

    await stage(page, "61 a model that was dropped", async () => {
      await drop(page, filesOf(modelFolder("llama-3")));
      await dialog.getByText("2 files").waitFor(patience);
      await dialog.getByLabel("Name").fill("dropped");
    });
    await open.click();
    await dialog.waitFor({ ...patience, state: "hidden" });
    await page.locator(".react-flow__node").getByText("LLaMA").first().waitFor(patience);
    expect(models()).toEqual(["dropped", "dropped.json", "gpt2.json"]);

    await stage(page, "62 a folder that was chosen", async () => {
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("menuitem", { name: "Open a model…" }).click();
      await dialog.locator("input[type=file]").setInputFiles(modelFolder("opt"));
      await dialog.getByText("2 files of opt").waitFor(patience);
    });
    await open.click();
    await dialog.waitFor({ ...patience, state: "hidden" });
    await page.locator(".react-flow__node").getByText("OPT").first().waitFor(patience);
    expect(models()).toContain("opt.json");

    // A pipeline's file is opened as one, and what is no model is told and leaves nothing.
    await drop(page, [{ name: "mine.json", bytes: readFileSync(join(home, "pipelines", "gpt2.json")) }]);
    await page.locator(".react-flow__node").getByText("GPT-2").first().waitFor(patience);
    await drop(page, [
      { name: "a.safetensors", bytes: Buffer.from("none") },
      { name: "config.json", bytes: Buffer.from('{"model_type":"gpt2"}') },
    ]);
    await open.click();
    await dialog.getByRole("alert").waitFor(patience);
    expect(models().filter((name) => name.includes("model"))).toEqual([]);
  });
});
