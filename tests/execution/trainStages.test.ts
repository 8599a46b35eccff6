import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { trainStages } from "../../src/execution/trainStages.ts";
import { emptyPipeline } from "../../src/pipeline/schema.ts";
import type { Execute } from "../../src/runs/conduct.ts";
import { type RunRecord, readRun, trainedFolder } from "../../src/runs/folder.ts";
import { RunLog } from "../../src/runs/log.ts";
import { withStages } from "../../src/runs/stages.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

/** A run of a pipeline that starts from the template `named-shapes-vision`. */
async function stagedRecord(): Promise<RunRecord> {
  const encoder = { type: "ConvEncoder", config: {}, weights: "named-shapes-vision" };
  const train = { type: "Train", config: {} };
  const pipeline = await withStages({ ...emptyPipeline(), nodes: { encoder, train } }, 7);
  return { id: "outer", name: "outer", pipeline, seed: 7, device: "cpu", created: 0, options: {} };
}

/** Carries out a run by making what a trained one leaves, and counts how often. */
function fakeExecute(outcome: "succeeded" | "stopped" = "succeeded") {
  const carried: string[] = [];
  const execute: Execute = async ({ folder, log }) => {
    carried.push((await readRun(folder)).name);
    log.append({
      channel: "node",
      value: { node: "train", state: "running", activity: "training", step: 3, total: 9 },
    });
    if (outcome === "succeeded") mkdirSync(join(folder, trainedFolder));
    return outcome;
  };
  return { execute, carried };
}

function optionsIn(home: string) {
  const folder = join(home, "outer");
  mkdirSync(folder, { recursive: true });
  const log = RunLog.open(folder);
  const records: unknown[] = [];
  const { append } = log;
  log.append = (record) => {
    records.push(record);
    return append.call(log, record);
  };
  const options = {
    folder,
    log,
    device: "cpu",
    cache: home,
    models: join(home, "models"),
    signal: new AbortController().signal,
  };
  return { options, records };
}

test("a stage is trained once, as a run of its own with the run's seed, and its progress shows at the node that trains", async () => {
  const home = temporaryFolder();
  const record = await stagedRecord();
  const { execute, carried } = fakeExecute();
  const { options, records } = optionsIn(home);
  expect(await trainStages(record, options, execute)).toBe(true);
  expect(carried).toEqual(["Named shapes: the vision encoder"]);
  const id = record.pipeline.nodes.encoder!.weights!;
  expect((await readRun(join(home, "runs", id))).seed).toBe(7);
  const progress = { node: "train", state: "running", activity: "pretraining (training)", step: 3, total: 9 };
  expect(records).toContainEqual({ channel: "node", value: progress });
  expect(await trainStages(record, options, execute)).toBe(true);
  expect(carried).toHaveLength(1);
  options.log.close();
});

test("a stage that was stopped stops the run, and goes on in the same folder", async () => {
  const home = temporaryFolder();
  const record = await stagedRecord();
  const { options } = optionsIn(home);
  expect(await trainStages(record, options, fakeExecute("stopped").execute)).toBe(false);
  const second = fakeExecute();
  expect(await trainStages(record, options, second.execute)).toBe(true);
  expect(second.carried).toHaveLength(1);
  options.log.close();
});

test("what stopped a stage stops the run, and says which stage", async () => {
  const { options } = optionsIn(temporaryFolder());
  const failing: Execute = async () => {
    throw new Error("no memory");
  };
  await expect(trainStages(await stagedRecord(), options, failing)).rejects.toThrow(/named-shapes-vision-[0-9a-f]{12}/);
  options.log.close();
});
