import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Checkpoint,
  checkpointFile,
  loadCheckpoint,
  newestCheckpoint,
  saveCheckpoint,
} from "../../src/training/checkpoint.ts";
import { saveWeights } from "../../src/weights/file.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

const numbers = (...data: number[]) => ({ shape: [data.length], data: Float32Array.from(data) });
const at = (step: number): Checkpoint => ({
  step,
  seconds: step / 4,
  weights: new Map([["language.a.weight", numbers(step, -0, 1e-30)]]),
  moments: new Map([
    ["m.language.a.weight", numbers(1, 2, 3)],
    ["v.language.a.weight", numbers(4, 5, 6)],
  ]),
});

describe("checkpoints", () => {
  test("come back as they were, to the last bit", async () => {
    const folder = temporaryFolder();
    const file = await saveCheckpoint(folder, at(500), { seed: "7" });
    expect(file).toBe("step-000500.safetensors");
    expect(await loadCheckpoint(join(folder, file))).toEqual(at(500));
  });

  test("come back with their loss scale", async () => {
    const folder = temporaryFolder();
    const mixed = { ...at(5), lossScale: { scale: 2 ** 17, good: 3, skipped: 12 } };
    expect(await loadCheckpoint(join(folder, await saveCheckpoint(folder, mixed, {})))).toEqual(mixed);
    expect(await loadCheckpoint(join(folder, await saveCheckpoint(folder, at(6), {})))).not.toHaveProperty("lossScale");
    const torn = await saveCheckpoint(folder, at(7), { lossScale: '{"scale":-1}' });
    await expect(loadCheckpoint(join(folder, torn))).rejects.toMatchObject({ code: "INVALID_WEIGHTS" });
  });

  test("the newest is that of the highest step, also beyond a million", async () => {
    const folder = temporaryFolder();
    for (const step of [999_999, 1_000_000, 20]) await saveCheckpoint(folder, at(step), {});
    expect(await newestCheckpoint(folder)).toBe(join(folder, checkpointFile(1_000_000)));
  });

  test("what a crash left half written is not taken for one", async () => {
    const folder = temporaryFolder();
    await saveCheckpoint(folder, at(10), {});
    const whole = await readFile(join(folder, checkpointFile(10)));
    await writeFile(join(folder, ".0a1b.partial"), whole.subarray(0, 40));
    await writeFile(join(folder, "step-000020.safetensors.partial"), whole.subarray(0, 40));
    expect(await newestCheckpoint(folder)).toBe(join(folder, checkpointFile(10)));
  });

  test("there is none in an empty folder, and none where there is no folder", async () => {
    const folder = temporaryFolder();
    expect(await newestCheckpoint(folder)).toBeUndefined();
    expect(await newestCheckpoint(join(folder, "nowhere"))).toBeUndefined();
  });

  test("one that cannot be written leaves the others, and nothing of itself", async () => {
    const folder = temporaryFolder();
    await saveCheckpoint(folder, at(10), {});
    await mkdir(join(folder, checkpointFile(20))); // a folder is in the way of the rename
    await expect(saveCheckpoint(folder, at(20), {})).rejects.toThrow();
    expect(await readdir(folder)).toEqual([checkpointFile(10), checkpointFile(20)]);
    expect(await loadCheckpoint(join(folder, checkpointFile(10)))).toEqual(at(10));
  });

  test("a torn file and one that names no step are refused", async () => {
    const folder = temporaryFolder();
    await saveCheckpoint(folder, at(10), {});
    const whole = await readFile(join(folder, checkpointFile(10)));
    await writeFile(join(folder, "torn.safetensors"), whole.subarray(0, whole.length - 4));
    await saveWeights(join(folder, "stepless.safetensors"), []);
    for (const file of ["torn.safetensors", "stepless.safetensors"])
      await expect(loadCheckpoint(join(folder, file))).rejects.toMatchObject({ code: "INVALID_WEIGHTS" });
  });
});
