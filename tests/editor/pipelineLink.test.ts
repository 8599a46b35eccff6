import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as flamingo from "../../kernel/notebook/index.ts";
import { hasBrowser, launchBrowser } from "../browser.ts";
import { RecordedCell } from "../kernel/recordedCell.ts";
import { startStudio } from "./startStudio.ts";

describe.runIf(hasBrowser())("a pipeline that a notebook opens", () => {
  test("is what the studio shows at the link that the cell prints, as it was changed", {
    timeout: 200_000,
  }, async () => {
    const { url, home } = await startStudio();
    vi.stubEnv("FLAMINGO_HOME", home);
    onTestFinished(() => void vi.unstubAllEnvs());
    const pipeline = (await flamingo.pipeline("emoji-captions")).configure("documents", { batch: 5 });
    const links: string[] = [];
    // Under the template's own name too, which another pipeline may not take.
    for (const made of [pipeline.rename("From a notebook"), pipeline]) {
      const cell = new RecordedCell();
      await cell.run(() => made.open());
      links.push(/^http\S+$/m.exec(cell.printed)![0]);
    }
    expect(links).toEqual([`${url}#pipeline=from-a-notebook`, `${url}#pipeline=emoji-captions-2`]);

    const browser = await launchBrowser();
    onTestFinished(() => browser.close());
    for (const [index, name] of ["From a notebook", "Emoji captions"].entries()) {
      const page = await browser.newPage();
      await page.goto(links[index]!);
      const shown = page.getByLabel("Name of the pipeline");
      await expect.poll(() => shown.inputValue(), { timeout: 60_000 }).toBe(name);
      await page.locator(".wire-label", { hasText: "5×length×6146" }).first().waitFor({ timeout: 60_000 });
      await page.close();
    }
  });
});
