/**
 * What this machine lacks is said once, in one line, and the tests that need it are skipped: whoever reads the output
 * sees what was not tried, and why. The summary (summary.ts) gathers these lines at the end.
 */
export const skippedPrefix = "skipped: ";

/**
 * Whether an optional part is there; if not, the output says `skipped: NAME: REASON`.
 *
 * @example
 * test.runIf(optional("browser tests", findChromium() !== undefined, "no Chromium (install Debian's chromium)"))(...)
 */
export function optional(name: string, isThere: boolean, reason: string): boolean {
  if (!isThere) console.log(`${skippedPrefix}${name}: ${reason}`);
  return isThere;
}
