import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FlamingoError } from "../../src/core/errors.ts";
import type { ExecuteOptions } from "../../src/runs/conduct.ts";
import { attentionFile, checkpointFolder, readRun } from "../../src/runs/folder.ts";

/**
 * Carries a run out without a model: steps whose loss falls and whose gates open, with checkpoints, frames and captions
 * as a real one has. The run's name can ask for trouble: `fails`, `crashes`, `waits`, `hangs`, `faults`, `misfits`.
 */
export async function fakeExecute({ folder, log, device, signal, control }: ExecuteOptions) {
  const { name, seed, steps = 20, pipeline } = await readRun(folder);
  const checkpoint = join(folder, checkpointFolder, "newest");
  const from = existsSync(checkpoint) ? Number(readFileSync(checkpoint, "utf8")) : 0;
  const node = Object.keys(pipeline.nodes)[0] ?? "train";
  log.append({
    channel: "run",
    value: { name, seed, from, device: { name: device, reason: "fake", description: "none" } },
  });
  log.append({ channel: "training", value: { node, steps, weights: 10, trainable: 4 } });
  const gates = ["a", "b"].map((name, layer) => ({ node, path: [name], layer, update: "Feed-forward" }));
  log.append({ channel: "gates", value: { gates } });
  const save = (step: number) => {
    writeFileSync(checkpoint, String(step));
    log.append({ channel: "checkpoint", step, value: { file: "newest" } });
  };
  for (let step = from + 1; step <= steps; step++) {
    if (step === 3) await trouble(name);
    log.append({ channel: "loss", step, value: { total: 5 / step } });
    log.append({ channel: "optimizer", step, value: { rate: 0.001, norm: 1 } });
    log.append({ channel: "gates", step, value: [step / 1000, -step / 1000] });
    log.append({ channel: "time", step, value: { milliseconds: 1, waiting: 0.02 } });
    log.append({ channel: "node", value: { node, state: "running", activity: "training", step, total: steps } });
    if (step % 10 === 0) {
      save(step);
      writeFileSync(join(folder, attentionFile(step)), JSON.stringify({ step }));
      log.append({ channel: "attention", step, value: { file: attentionFile(step) } });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (control?.paused()) await control.wait();
    if (signal.aborted) {
      save(step);
      return "stopped" as const;
    }
  }
  log.append({ channel: "node", value: { node, state: "succeeded" } });
  return "succeeded" as const;
}

async function trouble(name: string): Promise<void> {
  if (name === "fails") throw new FlamingoError("NON_FINITE", "the loss is NaN", { fix: "lower the learning rate" });
  if (name === "misfits")
    throw new FlamingoError("INVALID_CONFIG", "depth is 0, expected a whole number above 0", { fix: "set it" });
  if (name === "faults") throw new TypeError("x is not a function\nat all");
  if (name === "crashes") process.kill(process.pid, "SIGKILL");
  if (name === "waits") await new Promise(() => setInterval(() => {}, 1000)); // stops for nobody
  if (name === "hangs") for (;;); // a device that never answers
}
