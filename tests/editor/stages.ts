import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";

/** FLAMINGO_SCREENSHOTS names a folder: then every stage is photographed, in both themes and at these sizes. */
const album = process.env.FLAMINGO_SCREENSHOTS;
const sizes = [
  { width: 1280, height: 800 },
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
];

/** Does one stage of a visit to the studio, and photographs what came of it. */
export async function stage(page: Page, name: string, visit: () => Promise<void>): Promise<void> {
  await attempt(page, name, visit);
  await photograph(page, name);
}

/** Does something in the page. If it fails, the error has its name and a screenshot of that moment. */
export async function attempt<T>(page: Page, name: string, visit: () => Promise<T>): Promise<T> {
  try {
    return await visit();
  } catch (error) {
    const path = join(mkdtempSync(join(tmpdir(), "flamingo-failed-")), `${name.replaceAll(" ", "-")}.png`);
    await page.screenshot({ path });
    throw new Error(`while ${name}: ${(error as Error).message} (${path})`, { cause: error });
  }
}

/** Photographs a moment, where photographs are asked for. */
export async function photograph(page: Page, name: string): Promise<void> {
  if (!album) return;
  const path = join(album, name.replaceAll(" ", "-"));
  const usual = page.viewportSize()!;
  mkdirSync(album, { recursive: true });
  for (const size of sizes) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await showAll(page); // the whole pipeline, as a window of this size first shows it
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 900))); // plots and the canvas move there
      await page.screenshot({ path: `${path}-${size.width}-${colorScheme}.png` });
    }
  }
  await page.setViewportSize(usual);
  await page.emulateMedia({ colorScheme: "light" });
  await showAll(page);
}

/** Shows the whole pipeline, unless the key would be written into a field. */
async function showAll(page: Page): Promise<void> {
  if ((await page.locator("input:focus, select:focus, textarea:focus").count()) === 0) await page.keyboard.press("f");
}
