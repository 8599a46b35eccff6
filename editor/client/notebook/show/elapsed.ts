import { printSeconds } from "../../../../src/core/duration.ts";

/** How long a cell took: `12 ms`, `3.4 s`, `2 min 13 s`. */
export function formatElapsed(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s`;
  return printSeconds(milliseconds / 1000);
}
