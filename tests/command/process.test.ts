import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";
import { optional } from "../optional.ts";
import { fakePipeline } from "../runs/fakeLibrary.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const flamingoFile = fileURLToPath(new URL("../../src/command/flamingo.js", import.meta.url));
const fakeFlamingoFile = fileURLToPath(new URL("./fakeFlamingo.ts", import.meta.url));
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** Where a command works and writes, whatever lies in the folders above. */
function itsOwnFolder() {
  const cwd = temporaryFolder();
  return { cwd, env: { ...process.env, FLAMINGO_HOME: join(cwd, ".flamingo") } };
}

/** Calls the installed command. */
function flamingo(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [flamingoFile, ...args], {
    ...itsOwnFolder(),
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Starts the command with a model that is none. */
function fakeFlamingo(args: string[]): {
  child: ChildProcess;
  seen: { out: string; err: string };
  end: Promise<unknown>;
} {
  const child = spawn(process.execPath, ["--import", loader, fakeFlamingoFile, ...args], itsOwnFolder());
  onTestFinished(() => void child.kill("SIGKILL"));
  const seen = { out: "", err: "" };
  child.stdout.on("data", (text) => {
    seen.out += text;
  });
  child.stderr.on("data", (text) => {
    seen.err += text;
  });
  const end = new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
  return { child, seen, end };
}

function pipelineFile(folder: string, changes: Record<string, unknown> = {}): string {
  const file = join(folder, "pipeline.json");
  writeFileSync(file, JSON.stringify(fakePipeline(changes)));
  return file;
}

/** Comes back once the child has written some text. */
function written(child: ChildProcess, text: string): Promise<void> {
  let seen = "";
  return new Promise((resolve, reject) => {
    child.once("close", () => reject(new Error(`ended without "${text}": ${seen}`)));
    child.stdout!.on("data", (piece) => {
      seen += piece;
      if (seen.includes(text)) resolve();
    });
  });
}

test("the installed command runs from any folder, and prints errors as one line", () => {
  const help = flamingo("--help");
  expect(help).toMatchObject({ status: 0, stderr: "" });
  expect(help.stdout).toContain("flamingo COMMAND");
  const folder = temporaryFolder();
  const file = join(folder, "broken.json");
  writeFileSync(file, "{");
  const broken = flamingo("run", file);
  expect(broken.status).toBe(1);
  expect(broken.stdout).toBe("");
  expect(broken.stderr).toMatch(/^INVALID_PIPELINE: .*\. Fix: .*\n$/);
});

test("Ctrl-C stops a run at a step, with a checkpoint and the way to go on", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "run");
  const args = ["run", pipelineFile(folder), "--out", out, "--steps", "100000", "--json"];
  const { child, seen, end } = fakeFlamingo(args);
  await written(child, '"step":20');
  child.kill("SIGINT");
  expect(await end).toBe(130);
  expect(seen.err).toContain("flamingo resume ");
  const state = foldRecords(emptyRun(), await readRecords(out));
  expect(state.status).toBe("stopped");
  expect(state.checkpoints.at(-1)?.step).toBe(state.step);
});

test("a second Ctrl-C ends at once, even a run that never comes to its step's end", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "run");
  const file = pipelineFile(folder, { name: "waits" });
  const { child, seen, end } = fakeFlamingo(["run", file, "--out", out, "--json"]);
  await written(child, '"training"');
  child.kill("SIGINT");
  await new Promise<void>((resolve) => child.stderr!.once("data", () => resolve()));
  expect(seen.err).toContain("Ctrl-C again");
  child.kill("SIGINT");
  expect(await end).toBe("SIGINT");
  expect((await readRecords(out)).length).toBeGreaterThan(0);
});

test("flamingo start prints its address with the token on one line, and ends with Ctrl-C", async () => {
  const { child, seen, end } = fakeFlamingo(["start", "--no-open", "--port", "0"]);
  await written(child, "token=");
  expect(seen.out).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32,}\n$/);
  const reply = await fetch(seen.out.trim(), { redirect: "manual" });
  expect(reply.status).toBe(200);
  child.kill("SIGINT");
  expect(await end).toBe(0);
});

const canMount = spawnSync("unshare", ["--mount", "true"]).status === 0 && process.getuid?.() === 0;

test.runIf(optional("a truly full disk", canMount, "mounting one needs root on Linux"))(
  "a full disk is one line, and what was written stays",
  async () => {
    const folder = temporaryFolder();
    const disk = join(folder, "disk");
    mkdirSync(disk);
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]).status).toBe(0);
    onTestFinished(() => void spawnSync("umount", ["-l", disk]));
    const out = join(disk, "run");
    const args = ["run", pipelineFile(folder), "--out", out, "--steps", "100000"];
    const { seen, end } = fakeFlamingo(args);
    expect(await end).toBe(1);
    expect(seen.err).toMatch(/^DISK_FULL: the disk .*is full.*\. Fix: free some space, then resume the run\n/);
    expect(seen.err).not.toContain("    at ");
    const events = await readRecords(out);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index));
    expect(events.filter(({ channel }) => channel === "loss").length).toBeGreaterThan(50);
    expect(events.at(-1)).toMatchObject({
      channel: "status",
      value: { status: "failed", error: { code: "DISK_FULL" } },
    });
    expect(readFileSync(join(out, "run.json"), "utf8")).toContain("flamingo-pipeline");
  },
);

test.runIf(optional("a folder without permission", process.getuid?.() !== 0, "root may write anywhere"))(
  "a folder that may not be written is one line",
  async () => {
    const folder = temporaryFolder();
    const locked = join(folder, "locked");
    mkdirSync(locked, { mode: 0o500 });
    const { seen, end } = fakeFlamingo(["run", pipelineFile(folder), "--out", join(locked, "run")]);
    expect(await end).toBe(1);
    expect(seen.err).toMatch(/^RUN_FOLDER: .*\. Fix: .*\n$/);
  },
);
