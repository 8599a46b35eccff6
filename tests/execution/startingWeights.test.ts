import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Linear } from "../../src/blocks/linear.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { checkStart, findStart, listStartingWeights } from "../../src/execution/startingWeights.ts";
import { parsePipeline } from "../../src/pipeline/schema.ts";
import { createRun, trainedFolder } from "../../src/runs/folder.ts";
import { saveWeights } from "../../src/weights/file.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { smallPipeline } from "./smallRun.ts";

const config = { inDim: 3, outDim: 2 };

/** A run that has trained the node `head`. */
async function trainedRun(runs: string, id: string): Promise<void> {
  const folder = join(runs, id);
  const pipeline = parsePipeline(smallPipeline(), "small");
  await createRun(folder, { id, name: "Small", pipeline, seed: 0, device: "cpu", created: 5, options: {} });
  mkdirSync(join(folder, trainedFolder));
  const tensors = describeWeights(Linear, config).map(({ name, shape }) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return [name, { dtype: "F32" as const, shape, data: new Float32Array(size).fill(7) }] as const;
  });
  await saveWeights(join(folder, trainedFolder, "head.safetensors"), tensors, {});
}

test("a node starts from what a run has trained of it, which is listed and checked by shape before a run", async () => {
  const home = temporaryFolder();
  const [models, runs] = [join(home, "models"), join(home, "runs")];
  await trainedRun(runs, "small-1");
  const list = await listStartingWeights({ models, runs });
  expect(list.at(-1)).toMatchObject({ name: "small-1", nodes: ["head"] });
  expect(list.map(({ name }) => name)).toContain("emoji-language");
  const node = { id: "head", type: "Linear", config, weights: "small-1" };
  const { filled, of } = checkStart(node, models);
  expect(filled).toBe(of);
  expect(of).toBeGreaterThan(0);
  const [first] = findStart(models)({ weights: "small-1", path: "head" }).tensors.values();
  expect(first!.data[0]).toBe(7);
  expect(() => checkStart({ ...node, config: { inDim: 4, outDim: 2 } }, models)).toThrow(/has shape/);
  expect(() => checkStart({ ...node, id: "tail" }, models)).toThrow('the run "small-1" has trained no "tail"');
  expect(() => checkStart({ ...node, weights: "nothing" }, models)).toThrow('no pretrained weights named "nothing"');
});
