import type { UserConsoleLog } from "vitest";
import type { Reporter, TestModule } from "vitest/node";
import { skippedPrefix } from "./optional.ts";

/**
 * Ends the output with what was skipped and why, then one plain line for people and for CI:
 * `N passed, N failed`, and `, N skipped` where some were.
 */
export default class Summary implements Reporter {
  readonly #reasons = new Set<string>();

  onUserConsoleLog(log: UserConsoleLog): void {
    for (const line of log.content.split("\n")) if (line.startsWith(skippedPrefix)) this.#reasons.add(line);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      // A file that does not load, or a hook that throws, has failed although no test of it ran.
      if (module.errors().length > 0) counts.failed++;
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed" || state === "failed") counts[state]++;
        else counts.skipped++;
      }
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
    const lines = [...this.#reasons, `${counts.passed} passed, ${counts.failed} failed${skipped}`];
    process.stdout.write(`\n${lines.join("\n")}\n`);
  }
}
