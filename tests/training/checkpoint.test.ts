import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Checkpoint,
  checkpointFile,
  loadCheckpoint,
  newestCheckpoint,
  pruneCheckpoints,
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

/** The name of the newest checkpoint that can be read, and what was told of others. */
async function newestIn(folder: string): Promise<{ file: string | undefined; told: string[] }> {
  const told: string[] = [];
  const stored = await newestCheckpoint(folder, (message) => told.push(message));
  return { file: stored && basename(stored.path), told };
}

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
    expect(await newestIn(folder)).toEqual({ file: checkpointFile(1_000_000), told: [] });
  });

  test("what a crash left half written is not taken for one", async () => {
    const folder = temporaryFolder();
    await saveCheckpoint(folder, at(10), {});
    const whole = await readFile(join(folder, checkpointFile(10)));
    await writeFile(join(folder, ".0a1b.partial"), whole.subarray(0, 40));
    await writeFile(join(folder, "step-000020.safetensors.partial"), whole.subarray(0, 40));
    expect(await newestIn(folder)).toEqual({ file: checkpointFile(10), told: [] });
  });

  test("there is none in an empty folder, and none where there is no folder", async () => {
    const folder = temporaryFolder();
    for (const place of [folder, join(folder, "nowhere")])
      expect(await newestIn(place)).toEqual({ file: undefined, told: [] });
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

  test("one of which any bit is not as it was written is refused", async () => {
    const folder = temporaryFolder();
    const path = join(
      folder,
      await saveCheckpoint(
        folder,
        { ...at(10), losses: { sum: 0.5, count: 1, best: { step: 10, loss: 0.5 } } },
        { seed: "7" },
      ),
    );
    const whole = await readFile(path);
    for (let bit = 0; bit < 8 * whole.length; bit += 5) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      await writeFile(path, flipped);
      const found = await loadCheckpoint(path).catch((error: unknown) => error);
      // The one thing that a bit may change is the name under which the checksum stands.
      if (found instanceof Error) expect(found, `bit ${bit}`).toMatchObject({ code: "INVALID_WEIGHTS" });
      else expect(flipped.toString("latin1"), `bit ${bit}`).not.toContain('"checksum"');
    }
  });

  test("an older one is taken where the newest is damaged, with a warning that says which and why", async () => {
    const folder = temporaryFolder();
    for (const step of [10, 20, 30, 40]) await saveCheckpoint(folder, at(step), {});
    const whole = await readFile(join(folder, checkpointFile(30)));
    const flipped = Buffer.from(whole);
    flipped[whole.length - 6]! ^= 1;
    await writeFile(join(folder, checkpointFile(30)), flipped);
    await writeFile(join(folder, checkpointFile(40)), "");
    const { file, told } = await newestIn(folder);
    expect(file).toBe(checkpointFile(20));
    expect(told).toHaveLength(1);
    for (const part of ["step-000040", "too few", "step-000030", "checksum", "The checkpoint of step 20 is taken"])
      expect(told[0]).toContain(part);
    for (const step of [10, 20]) await writeFile(join(folder, checkpointFile(step)), whole.subarray(0, 20));
    expect(await newestIn(folder)).toMatchObject({
      file: undefined,
      told: [expect.stringMatching(/step-000010.*There is no other checkpoint$/)],
    });
  });

  test("the last ones and the best stay", async () => {
    const folder = temporaryFolder();
    for (const step of [10, 20, 30, 40, 50]) await saveCheckpoint(folder, at(step), {});
    await pruneCheckpoints(folder, 2, 20);
    expect(await readdir(folder)).toEqual([20, 40, 50].map(checkpointFile));
    await pruneCheckpoints(folder, 9, undefined);
    expect(await readdir(folder)).toHaveLength(3);
  });
});
