import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as flamingo from "../../kernel/notebook/index.ts";
import { findHome } from "../../src/runs/home.ts";
import { smallPipeline } from "../execution/smallRun.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { RecordedCell } from "./recordedCell.ts";

const command = fileURLToPath(new URL("../../src/command/flamingo.js", import.meta.url));

const textOf = (bundle: { data: Record<string, unknown> }) => String(bundle.data["text/plain"]);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

describe("the plots of a run that another process writes", () => {
  /** Starts a training that takes longer than anybody waits, in a process of its own. */
  function trainElsewhere(): { child: ReturnType<typeof spawn>; folder: string } {
    const folder = temporaryFolder();
    const file = join(folder, "pipeline.json");
    const pipeline = smallPipeline({ config: { train: { steps: 1_000_000 } }, without: ["samples", "evaluate"] });
    writeFileSync(file, JSON.stringify(pipeline));
    const run = join(folder, "run");
    const child = spawn(process.execPath, [command, "run", file, "--out", run, "--device", "wasm"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    return { child, folder: run };
  }

  test.each([
    ["stops it", "SIGINT", "stopped"],
    ["dies without a word", "SIGKILL", "failed"],
  ] as const)("move, and end when that process %s", async (_, signal, status) => {
    const { child, folder } = trainElsewhere();
    await once(child.stdout!, "data"); // it tells its steps
    child.stdout!.resume();
    const cell = new RecordedCell();
    let pictures = 0;
    cell.onShow = () => {
      if (++pictures === 4) child.kill(signal);
    };
    let run: flamingo.Run | undefined;
    await cell.run(async () => {
      run = await flamingo.openRun(folder);
      await run.watch();
    });
    expect(run!.status).toBe(status);
    const { bundles } = cell.displays[0]!;
    expect(new Set(bundles.slice(0, 4).map(textOf)).size).toBeGreaterThan(2); // they moved
    expect(textOf(bundles.at(-1)!)).toContain(status);
    expect(bundles.at(-1)!.data).toHaveProperty(["image/png"]);
  });
});

test("the plots of a training with attention in them move two to five times a second, as its steps allow", async () => {
  vi.stubEnv("FLAMINGO_HOME", temporaryFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
  // Outlives the tests: drawings are rendered once on a machine, and named by what they were made from.
  const drawings = join(tmpdir(), "flamingo-test-drawings");
  mkdirSync(drawings, { recursive: true });
  symlinkSync(drawings, findHome().cache, "junction");
  await flamingo.openDevice("wasm");
  const cell = new RecordedCell();
  const times: number[] = [];
  cell.onShow = () => times.push(performance.now());
  let run: flamingo.Run | undefined;
  await cell.run(async () => {
    run = await flamingo.train("emoji-captions", { steps: 40, seed: 1, targets: ["train", "samples"] });
  });
  const gaps = times.slice(1, -1).map((time, index) => time - times[index]!);
  const step = median(run!.state.channels.time.milliseconds.ys);
  expect(median(gaps)).toBeGreaterThan(200);
  // A picture waits for the end of the step in which its time comes, and for nothing else.
  expect(median(gaps)).toBeLessThan(350 + 1.5 * step);
});
