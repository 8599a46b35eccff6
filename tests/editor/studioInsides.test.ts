import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { hasBrowser } from "../browser.ts";
import { gate, node, seeStanding } from "./canvas.ts";
import { openTemplate } from "./openTemplate.ts";
import { stage } from "./stages.ts";

const whole = 400_000;
const patience = { timeout: 200_000, interval: 100 };

describe.runIf(hasBrowser())("rewiring a Flamingo, from the screen alone", () => {
  test("by mouse: the tanh gates are taken out of half of the layers; it is saved, comes back and runs", {
    timeout: whole,
  }, async () => {
    const { page, home } = await openTemplate(1440, 900);
    await stage(page, "30 inside of Flamingo", async () => {
      await node(page, "flamingo").locator(".card-name").dblclick();
      await node(page, "lang_encoder").locator(".card-name").dblclick();
      await node(page, "gated_cross_attn_layers.0").waitFor(patience);
    });
    await node(page, "gated_cross_attn_layers.0").locator(".card-name").click();
    await gate(page).selectOption("Ungated");
    await stage(page, "31 asked for the extent", () => page.getByText("Only here").waitFor(patience));
    await page.getByRole("dialog").getByRole("button", { name: "Change", exact: true }).click();
    await node(page, "gated_cross_attn_layers.0").locator(".card-difference").waitFor(patience);
    await page.getByRole("button", { name: "Close the inspector" }).click();
    await node(page, "gated_cross_attn_layers.2").locator(".card-name").click();
    await gate(page).selectOption("Ungated"); // asked once
    await stage(page, "32 two layers without gates", () => seeStanding(page, "2 changed"));
    const crumbs = page.getByRole("navigation", { name: "Where you are" });
    await crumbs.getByRole("button", { name: "Emoji captions" }).click();
    expect(await page.getByTestId("problems").count()).toBe(0);
    await node(page, "evaluate").locator(".card-name").click();
    await page.getByTestId("inspector").getByLabel("Examples").fill("8");
    await save(page, "Half of the gates");
    const saved = readPipeline(home, "half-of-the-gates");
    expect(gatesIn(saved)).toEqual(["Ungated", undefined, "Ungated", undefined]);

    await page.reload();
    await node(page, "flamingo").locator(".card-difference").waitFor(patience);
    const run = page.getByRole("button", { name: "Run", exact: true });
    await expect.poll(() => run.isEnabled(), patience).toBe(true);
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("menuitem", { name: "Run with…" }).click();
    await page.getByRole("dialog").getByLabel("Steps").fill("4");
    await page.getByRole("dialog").getByRole("button", { name: "Run" }).click();
    await stage(page, "33 it ran", async () => {
      await expect.poll(() => page.getByTestId("run-status").getAttribute("data-status"), patience).toBe("succeeded");
    });
    const log = logOf(home);
    expect(log.filter(({ channel }) => channel === "loss").length).toBeGreaterThan(0);
    const names = log.find(({ channel, value }) => channel === "gates" && !Array.isArray(value));
    expect(JSON.stringify(names)).toMatch(/gated_cross_attn_layers\.1/);
    expect(JSON.stringify(names)).not.toMatch(/gated_cross_attn_layers\.[02]/);
    expect(log.filter(({ channel }) => channel === "results").length).toBeGreaterThan(0);
    expect(log.filter(({ channel }) => channel === "message").map(({ value }) => value)).toEqual([]);
  });

  test("by keyboard: the same, and the Perceiver Resampler is replaced by the MLP one", {
    timeout: whole,
  }, async () => {
    const { page } = await openTemplate(1440, 900);
    await choose(page, "flamingo");
    await field(page, "Resampler", "MLP");
    await choose(page, "flamingo");
    await page.keyboard.press("Control+Enter");
    await choose(page, "lang_encoder");
    await page.keyboard.press("Control+Enter");
    await choose(page, "gated_cross_attn_layers.0");
    await gate(page).focus();
    await page.keyboard.press("N"); // no gate
    await page.getByRole("dialog").waitFor(patience);
    await page.keyboard.press("Enter"); // only here
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await seeStanding(page, "1 changed");
    await choose(page, "gated_cross_attn_layers.2");
    await field(page, "Gate", "No gate");
    await seeStanding(page, "2 changed");
    // Out of the field, of the selection, and of the blocks.
    for (let presses = 0; presses < 8 && (await page.getByTestId("inside").count()) > 0; presses++)
      await page.keyboard.press("Escape");
    await page.getByTestId("canvas").waitFor(patience);
    expect(await page.getByTestId("problems").count()).toBe(0);
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+z");
    await expect.poll(() => node(page, "flamingo").locator(".card-difference").count(), patience).toBe(0);
  });

  test("an inside that was changed goes back to the original by one click", { timeout: whole }, async () => {
    const { page } = await openTemplate(1440, 900);
    await node(page, "flamingo").locator(".card-name").click();
    await page.getByRole("button", { name: "Open the inside of the resampler" }).click();
    await page.getByTestId("inside").getByText("Perceiver attention").first().click();
    await page.keyboard.press("Delete");
    await page.getByText("A block of my own").click();
    await page.getByRole("dialog").getByRole("textbox").first().fill("Shallow");
    await page.keyboard.press("Enter");
    await stage(page, "34 a block of one's own with a part removed", () => seeStanding(page, "removed"));
    expect(await page.locator(".palette").getByText("Shallow").count()).toBe(1);
    await page.getByTestId("problems").waitFor(patience); // what the part gave is missing now
    await page.getByRole("button", { name: "Back to the original" }).click();
    await expect.poll(() => page.getByTestId("problems").count(), patience).toBe(1); // the block itself is still unfinished
    await page.getByRole("navigation", { name: "Where you are" }).getByText("the library’s").waitFor(patience);
  });
});

/** Selects a node without a mouse. */
async function choose(page: Page, id: string): Promise<void> {
  await node(page, id).focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("inspector").waitFor(patience);
}

/** Chooses what a field of the inspector has by typing how that begins. */
async function field(page: Page, name: string, choice: string): Promise<void> {
  const control = page.getByTestId("inspector").getByLabel(name, { exact: true });
  await control.focus();
  await page.keyboard.type(choice);
  const chosen = (select: Element) => (select as HTMLSelectElement).selectedOptions[0]?.textContent ?? "";
  expect(await control.evaluate(chosen)).toContain(choice);
}

async function save(page: Page, name: string): Promise<void> {
  await page.keyboard.press("Control+s");
  await page.getByRole("dialog").getByLabel("Name").fill(name);
  await page.keyboard.press("Enter");
  await page.getByText(`Saved “${name}”`).waitFor(patience);
}

interface Saved {
  blocks: Record<string, { nodes: Record<string, { type: string; config: { gate?: { type: string } } }> }>;
}

function readPipeline(home: string, id: string): Saved {
  return JSON.parse(readFileSync(join(home, "pipelines", `${id}.json`), "utf8"));
}

/** What stands in the slot for gates of each layer. */
function gatesIn({ blocks }: Saved): (string | undefined)[] {
  const model = Object.values(blocks).find(({ nodes }) => "gated_cross_attn_layers.0" in nodes)!;
  const layers = Object.entries(model.nodes).filter(([id]) => id.startsWith("gated_cross_attn_layers."));
  return layers.map(([, { config }]) => (config.gate?.type === "TanhGate" ? undefined : config.gate?.type));
}

function logOf(home: string): { channel: string; value: unknown }[] {
  const [run] = readdirSync(join(home, "runs"));
  const lines = readFileSync(join(home, "runs", run!, "events.jsonl"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line));
}
