import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileBytes } from "../../src/weights/byteSource.ts";
import { openSafetensors } from "../../src/weights/safetensors.ts";
import { openShards, saveShards } from "../../src/weights/shards.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { namedTensors } from "./tensorArbitrary.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "flamingo-shards-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (path: string) => openSafetensors(fileBytes(path));
const openIndex = (name = "model.safetensors.index.json") => openShards(fileBytes(join(folder, name)), open);
const plain = (tensors: Iterable<readonly [string, StoredTensor]>) =>
  new Map(Array.from(tensors, ([name, { dtype, shape, data }]) => [name, { dtype, shape, data }]));
const floats = (name: string, ...values: number[]): [string, StoredTensor] => [
  name,
  { dtype: "F32", shape: [values.length], data: Float32Array.from(values) },
];
const three = [floats("a", 1, 2), floats("b", 3), floats("c", 4, 5)];

test("what was saved in shards of any size is read", async () => {
  await fc.assert(
    fc.asyncProperty(namedTensors, fc.nat(64), async (tensors, shardBytes) => {
      await rm(folder, { recursive: true });
      await saveShards(folder, tensors, { shardBytes });
      const files = await readdir(folder);
      const single = files.length === 1;
      const read = single ? open(join(folder, "model.safetensors")) : openIndex();
      expect(plain(read.tensors)).toEqual(plain(tensors));
    }),
    { numRuns: 30 },
  );
});

test("files and index are named and filled as transformers has them, and progress ends at the sum", async () => {
  const told: [number, number][] = [];
  await saveShards(folder, three, { shardBytes: 12, progress: (...bytes) => told.push(bytes) });
  expect(await readdir(folder)).toEqual([
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
  ]);
  expect(JSON.parse(await readFile(join(folder, "model.safetensors.index.json"), "utf8"))).toEqual({
    metadata: { total_size: 20 },
    weight_map: {
      a: "model-00001-of-00002.safetensors",
      b: "model-00001-of-00002.safetensors",
      c: "model-00002-of-00002.safetensors",
    },
  });
  expect(told.at(-1)).toEqual([20, 20]);
});

test.each([
  ["a list", "[]", /has no weight_map/],
  ["an index nested deep", `{"weight_map":${"[".repeat(5e4)}${"]".repeat(5e4)}}`, /the index is nested deeper than/],
  ["a name that is too long", `{"weight_map":{"${"n".repeat(2e6)}":"a"}}`, /the index has a key of 2000000 characters/],
  ["half a file", '{"weight_map": {', /the index is no JSON/],
  [
    "a path out of the folder",
    '{"weight_map":{"a":"../../secret"}}',
    /"\.\.\/\.\.\/secret", which is no file of its folder/,
  ],
  ["a path of Windows", '{"weight_map":{"a":"..\\\\secret"}}', /no file of its folder/],
  ["the folder itself", '{"weight_map":{"a":"."}}', /no file of its folder/],
  [
    "a file that is missing",
    '{"weight_map":{"a":"model-00009-of-00009.safetensors"}}',
    /00009\.safetensors: there is no such/,
  ],
  [
    "a tensor that its file lacks",
    '{"weight_map":{"c":"model-00002-of-00002.safetensors","d":"model-00002-of-00002.safetensors"}}',
    /do not have: "d" \(model-00002-of-00002\.safetensors\)/,
  ],
  [
    "a file with more than the index says",
    '{"weight_map":{"a":"model-00001-of-00002.safetensors"}}',
    /model-00001-of-00002\.safetensors has the tensor "b"/,
  ],
])("an index with %s is refused", async (_, text, says) => {
  await saveShards(folder, three, { shardBytes: 12 });
  await writeFile(join(folder, "model.safetensors.index.json"), text);
  expect(() => openIndex()).toThrow(
    expect.objectContaining({ code: "INVALID_WEIGHTS", message: expect.stringMatching(says) }),
  );
});
