import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";
import { describe, expect, onTestFinished, test } from "vitest";
import { runPipeline } from "../../src/execution/runPipeline.ts";
import { type Pipeline, readPipeline, writePipeline } from "../../src/pipeline/schema.ts";
import { hasBrowser } from "../browser.ts";
import { carryOutProgram } from "../pipeline/carryOutProgram.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { gate, node, seeStanding } from "./canvas.ts";
import { openPage } from "./openPage.ts";
import { attempt, stage } from "./stages.ts";

const whole = 600_000;
const patience = { timeout: 120_000, interval: 200 };
const root = fileURLToPath(new URL("../..", import.meta.url));
const trainer = fileURLToPath(new URL("walkTrainer.ts", import.meta.url));

describe.runIf(hasBrowser())("from an idea to what came of it, from the screen alone", () => {
  test("two versions and the original are run with 3 seeds each and compared; one leaves as a program", {
    timeout: whole,
  }, async () => {
    const { page, home } = await openPage(trainer);
    await stage(page, "70 an MLP in place of the Perceiver Resampler", async () => {
      await node(page, "flamingo").locator(".card-name").click();
      const resampler = page.getByTestId("inspector").getByLabel("Resampler", { exact: true });
      await resampler.selectOption({ label: await optionLike(resampler, /MLP/) });
      await save(page, "MLP resampler");
    });
    await runWithSeeds(page);

    await openTemplate(page);
    await node(page, "evaluate").locator(".card-name").click();
    await page.getByTestId("inspector").getByLabel("Examples").fill("2");
    await stage(page, "71 half of the layers without gates", async () => {
      await node(page, "flamingo").locator(".card-name").dblclick();
      await node(page, "lang_encoder").locator(".card-name").dblclick();
      await node(page, "gated_cross_attn_layers.0").locator(".card-name").click();
      await gate(page).selectOption("Ungated");
      await page.getByRole("dialog").getByRole("button", { name: "Change", exact: true }).click();
      await page.getByRole("button", { name: "Close the inspector" }).click();
      await node(page, "gated_cross_attn_layers.2").locator(".card-name").click();
      await gate(page).selectOption("Ungated");
      await seeStanding(page, "2 changed");
    });
    await page.reload(); // in the middle, and before it is saved: the draft has all of it
    await node(page, "flamingo").locator(".card-difference").waitFor(patience);
    await save(page, "Half the gates");
    await runWithSeeds(page);
    const program = await exportProgram(page);

    await openTemplate(page);
    await runWithSeeds(page);

    await page.getByRole("link", { name: "Runs" }).click();
    const done = page.getByTestId("runs").locator('.status-dot[data-status="succeeded"]');
    await expect.poll(() => done.count(), patience).toBe(9);
    await stage(page, "72 which is better, and by how much", async () => {
      await page.getByLabel("Choose all that are shown").check();
      await page.getByRole("button", { name: "Compare 9" }).click();
      const original = page.locator(".compare-versions li", { hasText: "Emoji captions" });
      await original.getByRole("button", { name: "Compare with this" }).click();
      await seeResults(page);
    });

    await seeSameNumbers(home, program);
  });

  test("the same by keyboard alone", { timeout: whole }, async () => {
    const { page, home } = await openPage(trainer);
    const keys = new Keys(page);
    await attempt(page, "a: an MLP in place of the Perceiver Resampler", async () => {
      await keys.goToNode("flamingo");
      await keys.setField("Resampler", "MLP");
      await keys.save("MLP resampler");
    });
    await attempt(page, "c: run with 3 seeds", () => keys.runWithSeeds());

    await keys.openTemplate();
    await attempt(page, "b: half of the layers without gates", async () => {
      await keys.goToNode("evaluate");
      await keys.toField(page.getByTestId("inspector").getByLabel("Examples"));
      await page.keyboard.type("2");
      await keys.goToNode("flamingo");
      await page.keyboard.press("Control+Enter");
      await node(page, "lang_encoder").waitFor(patience);
      await keys.goToNode("lang_encoder");
      await page.keyboard.press("Control+Enter");
      await node(page, "gated_cross_attn_layers.0").waitFor(patience);
      await keys.goToNode("gated_cross_attn_layers.0");
      await keys.setField("Gate", "No gate", async () => {
        await page.getByRole("dialog").waitFor(patience);
        await page.keyboard.press("Enter"); // only here
      });
      await keys.goToNode("gated_cross_attn_layers.2");
      await keys.setField("Gate", "No gate");
      await expect.poll(() => page.getByTestId("standing").textContent(), patience).toContain("2 changed");
    });
    await attempt(page, "e: reloaded in the middle", async () => {
      await page.reload();
      await node(page, "flamingo").locator(".card-difference").waitFor(patience);
      await keys.save("Half the gates");
    });
    await attempt(page, "c: both versions and the original with 3 seeds each", async () => {
      await keys.runWithSeeds();
    });
    const program = await attempt(page, "f: exported as a program", async () => {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        keys.command("Export as a TypeScript program"),
      ]);
      return readFileSync(await download.path(), "utf8");
    });
    await keys.openTemplate();
    await keys.runWithSeeds();
    await attempt(page, "d: which is better, and by how much", async () => {
      await keys.command("All runs, to find and compare");
      const done = page.getByTestId("runs").locator('.status-dot[data-status="succeeded"]');
      await expect.poll(() => done.count(), patience).toBe(9);
      await keys.tabTo(page.getByLabel("Choose all that are shown"));
      await page.keyboard.press("Space");
      await keys.tabTo(page.getByRole("button", { name: "Compare 9" }), "Shift+Tab");
      await page.keyboard.press("Enter");
      const original = page.locator(".compare-versions li", { hasText: "Emoji captions" });
      await original.waitFor(patience);
      await keys.tabTo(original.getByRole("button", { name: "Compare with this" }));
      await page.keyboard.press("Enter");
      await seeResults(page);
    });
    const { pipeline } = await carryOutProgram(program); // the walk by mouse computes with it
    expect(writePipeline(pipeline)).toBe(writePipeline(savedPipeline(home)));
  });
});

async function optionLike(select: Locator, words: RegExp): Promise<string> {
  return (await select.locator("option").allTextContents()).find((text) => words.test(text))!;
}

async function save(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText(`Saved “${name}”`).waitFor(patience);
}

async function openTemplate(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Open…", exact: true }).click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Emoji captions/ })
    .click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await expect.poll(() => page.getByTestId("document-state").textContent(), patience).toBe("template");
}

/** Starts three runs, and goes on when all have ended: a pipeline that runs cannot be run again meanwhile. */
async function runWithSeeds(page: Page): Promise<void> {
  await page.locator('[data-action="runWith"]').click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Seeds").fill("1-3");
  await dialog.getByRole("button", { name: "Run 3 times" }).click();
  await page.getByText("3 runs are started").waitFor(patience);
  await page.locator('[data-action="runWith"]').waitFor(patience);
}

async function exportProgram(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Menu" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Export as a TypeScript program" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("half-the-gates.ts");
  return readFileSync(await download.path(), "utf8");
}

/** The compare page says which version is better than the original, and by how much. */
async function seeResults(page: Page): Promise<void> {
  const results = page.getByTestId("compare-results");
  const column = async (name: string) => {
    const heads = await results.locator("thead th").allTextContents();
    return results
      .getByRole("row", { name: /Exact caption/ })
      .locator("td")
      .nth(heads.findIndex((head) => head.includes(name)) - 1);
  };
  await results.getByText("better than A").waitFor(patience);
  expect(await (await column("Half the gates")).textContent()).toContain("+10.0 [+10.0, +10.0] better than A");
  expect(await (await column("MLP resampler")).textContent()).toContain("−10.0 [−10.0, −10.0] worse than A");
}

/** The exported program runs with the numbers that the saved pipeline has. */
async function seeSameNumbers(home: string, program: string): Promise<void> {
  const own = await runPipeline(savedPipeline(home), { steps: 1, seed: 1, device: "wasm", folder: join(home, "own") });
  expect(program).toContain("seed: ");
  const losses = await lossesOf(
    program.replace(/\{ seed: .*, print: true \}/, '{ seed: 1, steps: 1, device: "wasm" }'),
  );
  expect(losses).toEqual(own.state.channels.loss.total.ys);
}

function savedPipeline(home: string): Pipeline {
  return readPipeline(readFileSync(join(home, "pipelines", "half-the-gates.json"), "utf8"), "the saved one");
}

/** The studio by keyboard alone. */
class Keys {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Presses Tab until the focus is there. */
  async tabTo(target: Locator, key = "Tab"): Promise<void> {
    const isThere = () => target.evaluate((element) => element === document.activeElement);
    for (let presses = 0; presses < 60; presses++) {
      if (await isThere()) return;
      await this.#page.keyboard.press(key);
    }
    throw new Error(`${key} does not lead to ${target}`);
  }

  /** Takes the first thing that the command palette finds. */
  async command(words: string): Promise<void> {
    await this.#page.getByRole("dialog").waitFor({ state: "detached" });
    await this.#page.keyboard.press("Control+k");
    await this.#page.getByRole("dialog", { name: "Commands" }).waitFor(patience);
    await this.#page.keyboard.type(words);
    await this.#page.keyboard.press("Enter");
  }

  async goToNode(id: string): Promise<void> {
    await this.command(`go to ${id}`);
    await this.#page.getByTestId("inspector").getByText(id, { exact: true }).waitFor(patience);
  }

  async toField(field: Locator): Promise<void> {
    await this.command("Go to the inspector");
    await this.#page.locator(".inspector :focus").waitFor(patience);
    await this.tabTo(field);
  }

  /** Chooses in a field of the inspector by typing how the choice begins. */
  async setField(name: string, choice: string, answer?: () => Promise<void>): Promise<void> {
    const select = this.#page.getByTestId("inspector").getByLabel(name, { exact: true });
    await this.toField(select);
    await this.#page.keyboard.type(answer ? choice[0]! : choice); // a question takes the focus after the first key
    await answer?.();
    const chosen = (element: Element) => (element as HTMLSelectElement).selectedOptions[0]?.textContent ?? "";
    await expect.poll(() => select.evaluate(chosen), patience).toContain(choice);
  }

  async save(name: string): Promise<void> {
    await this.#page.keyboard.press("Control+s");
    await this.#page.getByRole("dialog").waitFor(patience);
    await this.#page.keyboard.type(name);
    await this.#page.keyboard.press("Enter");
    await this.#page.getByText(`Saved “${name}”`).waitFor(patience);
  }

  async openTemplate(): Promise<void> {
    await this.#page.keyboard.press("Control+o");
    await this.tabTo(this.#page.getByRole("dialog").getByRole("button", { name: /^Emoji captions/ }));
    await this.#page.keyboard.press("Enter");
    await expect.poll(() => this.#page.getByTestId("document-state").textContent(), patience).toBe("template");
  }

  async runWithSeeds(): Promise<void> {
    await this.command("Run with…");
    await this.#page.getByRole("dialog", { name: "Run with…" }).waitFor();
    await this.#page.keyboard.type("1-3");
    await this.#page.keyboard.press("Enter");
    await this.#page.getByText("3 runs are started").waitFor(patience);
    await this.#page.locator('[data-action="runWith"]').waitFor(patience);
  }
}

/** The losses of an exported program, run as a process of its own beside the library. */
async function lossesOf(program: string): Promise<number[]> {
  const file = join(root, "dist", `walk-${process.pid}.ts`);
  const last = "console.log(JSON.stringify(run.state.channels.loss.total.ys));";
  writeFileSync(file, `${program.replace('"flamingo-studio"', '"../src/index.ts"')}${last}\n`);
  onTestFinished(() => rmSync(file, { force: true }));
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: root,
    env: { ...process.env, FLAMINGO_HOME: temporaryFolder() },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const part of child.stdout) text += part;
  return JSON.parse(text.trim().split("\n").at(-1)!) as number[];
}
