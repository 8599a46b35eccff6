import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { hasBrowser } from "../browser.ts";
import { openTemplate } from "./openTemplate.ts";
import { overlaps } from "./overlaps.ts";
import { stage } from "./stages.ts";

const whole = 120_000;
const patience = { timeout: 60_000, interval: 100 };

describe.runIf(hasBrowser())("the editor, as a person sees it", () => {
  test("a template's copy is saved by its name, and keeps its colours and weights", { timeout: whole }, async () => {
    const { page } = await openTemplate(1280, 800);
    const shown = await weights(page);
    expect(shown).toContainEqual(expect.stringMatching(/^both .*M$/));
    await stage(page, "22 saving", async () => {
      await page.keyboard.press("Control+s");
      const name = page.getByRole("dialog").getByLabel("Name");
      await expect.poll(() => name.evaluate((field) => field === document.activeElement), patience).toBe(true);
      await page.keyboard.type("Mine");
      expect(await name.inputValue()).toBe("Mine");
      await page.keyboard.press("Enter");
      await page.getByText("Saved “Mine”").waitFor(patience);
    });
    expect(await page.getByTestId("document-state").textContent()).toBe("saved");
    expect(await page.getByLabel("Name of the pipeline").inputValue()).toBe("Mine");
    expect(await weights(page)).toEqual(shown);
  });

  test("no shape is hidden by a card, and a block that is clicked lies on no other", { timeout: whole }, async () => {
    const { page } = await openTemplate(1280, 800);
    await page.locator(".wire-label", { hasText: "24×length×6146" }).first().waitFor(patience);
    const cards = ".react-flow__node";
    const before = await page.locator(cards).count();
    expect(await page.evaluate(overlaps, [".wire-label", cards])).toEqual([]);
    const palette = page.locator(".palette");
    await palette.getByLabel("Search blocks", { exact: true }).fill("mlp");
    await palette.getByText("Feed-forward", { exact: true }).waitFor(patience);
    await palette.getByLabel("Search blocks", { exact: true }).fill("");
    await palette.getByText("Convolutional encoder").click();
    await expect.poll(() => page.locator(cards).count(), patience).toBe(before + 1);
    expect(await page.evaluate(overlaps, [cards, cards])).toEqual([]);
  });
});

/** What the cards say of their weights, with their colours. */
function weights(page: Page): Promise<string[]> {
  return page
    .locator(".card")
    .evaluateAll((cards) =>
      cards.map(
        (card) => `${(card as HTMLElement).dataset.tone} ${card.querySelector(".card-weights")?.textContent ?? ""}`,
      ),
    );
}
