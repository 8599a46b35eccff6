import { type Browser, chromium } from "playwright-core";
import { findChromium } from "./chromium.ts";
import { optional } from "./optional.ts";

/** Whether browser tests can run here; if not, the output says so. For `describe.runIf`. */
export function hasBrowser(): boolean {
  return optional("browser tests", findChromium() !== undefined, "no Chromium (install it, or set CHROME_PATH)");
}

/** For a headless browser that talks to nobody but the page under test. */
export const browserArguments = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a headless browser that talks to nobody but the page under test. Whoever starts it closes it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("no Chromium: ask hasBrowser() first");
  return chromium.launch({ executablePath, args: browserArguments });
}
