import { writeSync } from "node:fs";

/**
 * Writes a line for whoever runs the kernel to the process's own stderr, from any thread: `process.stderr` leads to the page.
 */
export function log(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads it, and a full pipe must not stop a kernel.
  }
}
