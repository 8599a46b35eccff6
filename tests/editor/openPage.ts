import type { Browser, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { clientFolder, type Studio, startStudio } from "../../editor/server/studio.ts";
import { buildClientIfStale } from "../../src/command/freshClient.ts";
import { catalog, findBlock } from "../../src/execution/registry.ts";
import { findHome } from "../../src/runs/home.ts";
import { launchBrowser } from "../browser.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

/**
 * A studio with the library's blocks and its built page, and a browser. They end with the test.
 * @param trainer the module that carries runs out
 */
export async function openStudioInBrowser(
  trainer: string,
): Promise<{ studio: Studio; browser: Browser; home: string }> {
  await buildClientIfStale(clientFolder, () => {});
  const home = temporaryFolder();
  const studio = await startStudio({
    home: findHome({ FLAMINGO_HOME: home }),
    library: { catalog, findBlock },
    device: Promise.resolve({ name: "wasm", reason: "for tests", description: "" }),
    port: 0,
    trainer,
  });
  onTestFinished(() => studio.close());
  const browser = await launchBrowser();
  onTestFinished(() => browser.close());
  return { studio, browser, home };
}

/** The page of such a studio, with its first template open. */
export async function openPage(trainer: string): Promise<{ page: Page; home: string }> {
  const { studio, browser, home } = await openStudioInBrowser(trainer);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
  page.setDefaultTimeout(60_000);
  await page.goto(studio.url);
  await page.locator(".card-weights").first().waitFor({ timeout: 120_000 });
  return { page, home };
}
