import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** A node on the canvas, which shows a pipeline or the inside of a block. */
export function node(page: Page, id: string): Locator {
  return page.locator(`.react-flow__node[data-id="${id}"]`);
}

/** The gate of the node that the inspector shows. */
export function gate(page: Page): Locator {
  return page.getByTestId("inspector").getByLabel("Gate", { exact: true });
}

/** Waits until the page says of the inside that is open how far it is from the original. */
export async function seeStanding(page: Page, words: string): Promise<void> {
  await expect.poll(() => page.getByTestId("standing").textContent(), { timeout: 120_000 }).toContain(words);
}
