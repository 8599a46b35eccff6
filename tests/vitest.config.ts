import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { skippedPrefix } from "./optional.ts";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    setupFiles: ["tests/setup.ts"],
    // A process for each file: devices keep global state, and a driver that crashes takes one file with it only.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", "./tests/summary.ts"],
    onConsoleLog: (line) => !line.startsWith(skippedPrefix), // the summary has them
  },
});
