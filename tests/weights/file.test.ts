import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadWeights, saveWeights } from "../../src/weights/file.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";

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

/** A file with this header and this many bytes of numbers, of which the disk stores none. */
async function sparseFile(path: string, header: unknown, dataBytes: number): Promise<void> {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([length, text]));
  await truncate(path, 8 + text.length + dataBytes);
}

test("of a file larger than the memory, only what is looked at is read", async () => {
  const path = join(folder, "large.safetensors");
  const tera = 2 ** 40;
  await sparseFile(
    path,
    {
      large: { dtype: "BF16", shape: [tera / 2], data_offsets: [0, tera] },
      small: { dtype: "I32", shape: [3], data_offsets: [tera, tera + 12] },
    },
    tera + 12,
  );
  const { tensors } = await loadWeights(path);
  expect(tensors.get("large")?.shape).toEqual([tera / 2]);
  expect(tensors.get("small")?.data).toEqual(Int32Array.of(0, 0, 0));
});

test("a claim of 100 GB in a small file is refused before memory is asked for", async () => {
  const path = join(folder, "claim.safetensors");
  await sparseFile(path, { w: { dtype: "F32", shape: [25e9], data_offsets: [0, 100e9] } }, 1000);
  await expect(loadWeights(path)).rejects.toMatchObject({
    message: expect.stringMatching(/"w" ends at byte 100000000000/),
  });
});

test("a file that is replaced after it was opened is not mixed with the new one", async () => {
  const path = join(folder, "model.safetensors");
  await saveWeights(path, weight(1));
  const { tensors } = await loadWeights(path);
  await saveWeights(path, weight(2));
  expect(() => tensors.get("w")!.data).toThrow(/model\.safetensors: the file was changed/);
  await rm(path);
  expect(() => tensors.get("w")!.data).toThrow(/there is no such file/);
});

test("tensors of a file are written one after the other, and progress tells the bytes", async () => {
  const from = join(folder, "from.safetensors");
  await saveWeights(from, [...weight(1), ["v", { dtype: "F16", shape: [3], data: Float32Array.of(1, 2, 3) }]]);
  const told: number[] = [];
  const to = join(folder, "to.safetensors");
  await saveWeights(to, (await loadWeights(from)).tensors, {}, (bytes, total) => told.push(total - bytes));
  expect(await readFile(to)).toEqual(await readFile(from));
  expect(told).toEqual([14, 6, 0]);
});
