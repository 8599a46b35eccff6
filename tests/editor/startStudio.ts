import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Outlives the test: drawings are rendered once on a machine, and named by what they were made from. */
const drawings = join(tmpdir(), "flamingo-test-drawings");

/** `flamingo start` in a process of its own, as a person starts it. It ends with the test. */
export async function startStudio(): Promise<{ url: string; home: string }> {
  const home = temporaryFolder();
  mkdirSync(drawings, { recursive: true });
  symlinkSync(drawings, join(home, "cache"), "junction");
  const child = spawn(process.execPath, ["src/command/flamingo.js", "start", "--no-open", "--port", "0"], {
    cwd: root,
    env: { ...process.env, FLAMINGO_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  onTestFinished(async () => {
    child.kill("SIGINT");
    await ended;
  });
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints += text;
  });
  for await (const line of createInterface(child.stdout)) if (line.startsWith("http://")) return { url: line, home };
  throw new Error(`flamingo start ended without an address: ${complaints}`);
}
