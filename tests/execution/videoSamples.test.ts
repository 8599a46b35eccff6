import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readFrame } from "../../src/channels/attention.ts";
import { tokenAttention, wholeView } from "../../src/channels/tokenAttention.ts";
import { byteTokenizer } from "../../src/data/texts/byteTokenizer.ts";
import { InspectedRun } from "../../src/execution/inspectedRun.ts";
import { attentionFile, pinnedFile, pinnedFrames } from "../../src/runs/folder.ts";
import { carryOut, newRun, smallPipeline, valuesOf } from "./smallRun.ts";

test("a run on videos keeps every frame of its held-out videos, what tokens attend to in each, and captions them", async () => {
  const vocabulary = byteTokenizer().pretrained;
  const config = {
    language: { vocabulary, imageToken: vocabulary },
    resampler: { maxFrames: 3 },
    train: { steps: 1 },
    samples: { every: 1 },
  };
  const pipeline = smallPipeline({ config, without: ["evaluate"] });
  const data = { type: "MovingShapes", config: { batch: 1, frames: 3, imageSize: 16 } };
  Object.assign(pipeline.nodes.data!, data);
  const { folder, outcome, records } = await carryOut(await newRun(pipeline));
  expect(outcome).toBe("succeeded");
  expect((await pinnedFrames(folder)).map((frames) => frames.length)).toEqual([3, 3]);
  expect([2, 3].map((frame) => existsSync(join(folder, pinnedFile(1, frame))))).toEqual([true, false]);

  const { layers, images, grid } = readFrame(JSON.parse(readFileSync(join(folder, attentionFile(1)), "utf8")));
  for (const image of images) {
    expect(image.frames).toBe(3);
    const sum = (time: number | "all") => {
      const shares = tokenAttention(layers, image, { ...wholeView, time }, 1);
      expect(shares).toHaveLength(grid.rows * grid.columns);
      return shares.reduce((total, share) => total + share, 0);
    };
    expect(sum("all")).toBeCloseTo(1, 3);
    expect(sum(0) + sum(1) + sum(2)).toBeCloseTo(1, 3);
  }

  // The model that is asked afterwards is shown whole videos: it says what it said of them.
  const run = await InspectedRun.open(folder);
  onTestFinished(() => run.dispose());
  const said = valuesOf(records, "samples").find(({ step }) => step === 1)!.value;
  const { samples } = await run.ask({}, []);
  expect(samples.map(({ caption }) => caption.slice(0, 10))).toEqual(said.map(({ caption }) => caption.slice(0, 10)));
});
