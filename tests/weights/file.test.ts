import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadWeights, saveWeights } from "../../src/weights/file.ts";
import type { StoredTensor } from "../../src/weights/safetensors.ts";

const weight = (value: number): [string, StoredTensor][] => [
  ["w", { dtype: "F32", shape: [2], data: Float32Array.of(value, value) }],
];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-weights-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("saved weights load, from a folder that was not there before", async () => {
  const path = join(folder, "deep", "down", "model.safetensors");
  await saveWeights(path, weight(3), { step: "7" });
  const { tensors, metadata } = await loadWeights(path);
  expect(tensors.get("w")?.data).toEqual(Float32Array.of(3, 3));
  expect(metadata).toEqual({ step: "7" });
  expect(await readdir(join(folder, "deep", "down"))).toEqual(["model.safetensors"]);
});

test("saving over a file replaces it, also while many save at once", async () => {
  const path = join(folder, "model.safetensors");
  await Promise.all(Array.from({ length: 8 }, (_, i) => saveWeights(path, weight(i))));
  const [first, second] = (await loadWeights(path)).tensors.get("w")!.data;
  expect(first).toBe(second);
  expect(await readdir(folder)).toEqual(["model.safetensors"]);
});

test("a save that fails leaves the old file and nothing beside it", async () => {
  const path = join(folder, "model.safetensors");
  await saveWeights(path, weight(1));
  const before = await readFile(path);
  const wrong: [string, StoredTensor][] = [["w", { dtype: "F32", shape: [3], data: new Float32Array(2) }]];
  await expect(saveWeights(path, wrong)).rejects.toMatchObject({ code: "INVALID_WEIGHTS" });
  expect(await readFile(path)).toEqual(before);
  // A folder cannot be replaced by a file, so the rename is what fails here.
  const occupied = join(folder, "occupied");
  await mkdir(occupied);
  await expect(saveWeights(occupied, weight(2))).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["model.safetensors", "occupied"]);
});

test("a file that is missing or broken is named", async () => {
  const missing = join(folder, "missing.safetensors");
  await expect(loadWeights(missing)).rejects.toMatchObject({
    code: "INVALID_WEIGHTS",
    message: `${missing}: there is no such file`,
  });
  await expect(loadWeights(folder)).rejects.toMatchObject({ code: "INVALID_WEIGHTS" });
  const broken = join(folder, "broken.safetensors");
  await saveWeights(broken, weight(1));
  await writeFile(broken, (await readFile(broken)).subarray(0, -1));
  await expect(loadWeights(broken)).rejects.toMatchObject({ details: { source: broken } });
});
