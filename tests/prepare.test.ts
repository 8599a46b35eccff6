import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const prepare = (env: NodeJS.ProcessEnv) =>
  spawnSync(process.execPath, ["--import", "tsx", fileURLToPath(new URL("prepare.ts", import.meta.url))], {
    env: { ...process.env, FLAMINGO_NO_INSTALL: "1", ...env },
    encoding: "utf8",
  });

test("what is missing is said in one line each, and never a failure", () => {
  const { status, stdout, stderr } = prepare({ CHROME_PATH: "/nowhere/chrome", PATH: "/nowhere" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toContain(
    "skipped: browser tests, and webgpu tests on its emulated GPU: no Chromium (FLAMINGO_NO_INSTALL is set)\n",
  );
  for (const line of stdout.trimEnd().split("\n")) expect(line).toMatch(/^skipped: .+: no .+ \(.+\)$/);
});

test("what is there is not mentioned", () => {
  expect(prepare({ CHROME_PATH: process.execPath }).stdout).not.toContain("Chromium");
});
