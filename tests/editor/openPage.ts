import type { Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { clientFolder, startStudio } from "../../editor/server/studio.ts";
import { buildClientIfStale } from "../../src/command/freshClient.ts";
import { catalog, findBlock } from "../../src/execution/registry.ts";
import { findHome } from "../../src/runs/home.ts";
import { launchBrowser } from "../browser.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

/**
 * The page of a studio with the library's blocks, with its first template open. It ends with the test.
 * @param trainer the module that carries runs out
 */
export async function openPage(trainer: string): Promise<{ page: Page; home: string }> {
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
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
  page.setDefaultTimeout(60_000);
  await page.goto(studio.url);
  await page.locator(".card-weights").first().waitFor({ timeout: 120_000 });
  return { page, home };
}
