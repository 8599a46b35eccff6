import type { Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { launchBrowser } from "../browser.ts";
import { startStudio } from "./startStudio.ts";

/** `flamingo start` in a process of its own, and its page with the first template, once its weights are counted. They end with the test. */
export async function openTemplate(width: number, height: number): Promise<{ page: Page; home: string; url: string }> {
  const { url, home } = await startStudio();
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await page.locator(".card-weights").first().waitFor({ timeout: 200_000 });
  return { page, home, url };
}
