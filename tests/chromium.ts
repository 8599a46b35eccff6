import { existsSync } from "node:fs";
import { join } from "node:path";

const programFiles = [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA];

const usualPlaces: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/google-chrome",
    "/snap/bin/chromium",
  ],
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  win32: programFiles.flatMap((folder) =>
    folder ? [join(folder, "Google", "Chrome", "Application", "chrome.exe")] : [],
  ),
};

/** Chromium or Chrome on this machine: the one that CHROME_PATH names, or the first in the usual places. */
export function findChromium(): string | undefined {
  const places = process.env.CHROME_PATH ? [process.env.CHROME_PATH] : (usualPlaces[process.platform] ?? []);
  return places.find((path) => existsSync(path));
}
