import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlamingoError } from "../../src/core/errors.ts";
import type { ExecuteOptions } from "../../src/runs/conduct.ts";
import { attentionFile, checkpointFolder, readRun } from "../../src/runs/folder.ts";

/**
 * Carries a run out without a model: steps whose loss falls and whose gates open, with checkpoints, frames and captions
 * as a real one has. The run's name can ask for trouble: `fails`, `crashes`, `waits`, `hangs`, `faults`.
 */
export async function fakeExecute({ folder, log, device, signal, control }: ExecuteOptions) {
  const { name, seed, steps = 20, pipeline } = await readRun(folder);
  const checkpoint = join(folder, checkpointFolder, "newest");
  const from = existsSync(checkpoint) ? Number(readFileSync(checkpoint, "utf8")) : 0;
  const node = Object.keys(pipeline.nodes)[0] ?? "train";
  log.append({ type: "run:started", name, seed, from, device: { name: device, reason: "fake", description: "none" } });
  log.append({ type: "train:started", node, steps, gates: ["a", "b"], weights: 10, trainable: 4 });
  const save = (step: number) => {
    writeFileSync(checkpoint, String(step));
    log.append({ type: "train:checkpoint", step, file: "newest" });
  };
  for (let step = from + 1; step <= steps; step++) {
    if (step === 3) await trouble(name);
    log.append({
      type: "train:step",
      step,
      loss: 5 / step,
      rate: 0.001,
      norm: 1,
      gates: [step / 1000, -step / 1000],
      milliseconds: 1,
      waiting: 0.02,
    });
    log.append({ type: "node:state", node, state: "running", activity: "training", step, total: steps });
    if (step % 10 === 0) {
      save(step);
      writeFileSync(join(folder, attentionFile(step)), JSON.stringify({ step }));
      log.append({ type: "inspect:attention", step, file: attentionFile(step) });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (control?.paused()) await control.wait();
    if (signal.aborted) {
      save(step);
      return "stopped" as const;
    }
  }
  log.append({ type: "node:state", node, state: "succeeded" });
  return "succeeded" as const;
}

async function trouble(name: string): Promise<void> {
  if (name === "fails") throw new FlamingoError("NON_FINITE", "the loss is NaN", { fix: "lower the learning rate" });
  if (name === "faults") throw new TypeError("x is not a function\nat all");
  if (name === "crashes") process.kill(process.pid, "SIGKILL");
  if (name === "waits") await new Promise(() => setInterval(() => {}, 1000)); // stops for nobody
  if (name === "hangs") for (;;); // a device that never answers
}
