import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveTrainer } from "../../editor/server/trainerProcess.ts";
import { encodePng } from "../../src/data/pixels.ts";
import { attentionFile, pinnedFile, readRun } from "../../src/runs/folder.ts";
import { liveFrame, liveValues, videoFrames } from "./liveValues.ts";

/** Carries a run out without a model: its numbers, captions and attention follow from the step alone. */
serveTrainer(async ({ folder, log, device }) => {
  const { name, seed, steps = 100 } = await readRun(folder);
  const side = 8;
  for (let frame = 0; frame < videoFrames; frame++) {
    const pixels = new Float32Array(side * side * 3).fill(1 - frame);
    writeFileSync(join(folder, pinnedFile(1, frame)), await encodePng(pixels, side));
  }
  log.append({ channel: "run", value: { name, seed, from: 0, device: { name: device, reason: "", description: "" } } });
  log.append({ channel: "training", value: { node: "train", steps, weights: 10, trainable: 4 } });
  const gate = { node: "flamingo", path: ["gate"], layer: 0, update: "Masked cross-attention" };
  log.append({ channel: "gates", value: { gates: [gate] } });
  for (let step = 1; step <= steps; step++) {
    const { loss, tanh, caption } = liveValues(step);
    log.append({ channel: "loss", step, value: { total: loss } });
    log.append({ channel: "gates", step, value: [tanh] });
    if (step % 5 === 0) {
      writeFileSync(join(folder, attentionFile(step)), JSON.stringify(liveFrame(step)));
      log.append({ channel: "samples", step, value: [{ image: 0, label: "red heart", caption }] });
      log.append({ channel: "attention", step, value: { file: attentionFile(step) } });
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return "succeeded";
});
