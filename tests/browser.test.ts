import { describe, expect, test } from "vitest";
import { hasBrowser, launchBrowser } from "./browser.ts";

describe.runIf(hasBrowser())("the test browser", () => {
  test("runs a page's script", async () => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.setContent("<h1>gates</h1><script>document.title = String(6 * 7)</script>");
      expect(await page.title()).toBe("42");
      expect(await page.getByRole("heading").textContent()).toBe("gates");
    } finally {
      await browser.close();
    }
  });
});
