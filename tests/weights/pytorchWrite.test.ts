import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fileBytes } from "../../src/weights/byteSource.ts";
import { openPytorch } from "../../src/weights/pytorch/checkpoint.ts";
import { savePytorch } from "../../src/weights/pytorch/write.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { namedTensors } from "./tensorArbitrary.ts";

const unknownToPytorch = ["U16", "U32", "U64"];
const plain = (tensors: Iterable<readonly [string, StoredTensor]>) =>
  new Map(Array.from(tensors, ([name, { dtype, shape, data }]) => [name, { dtype, shape, data }]));

test("what was saved is read, for every number type that PyTorch has", async () => {
  const file = join(temporaryFolder(), "checkpoint.pt");
  await fc.assert(
    fc.asyncProperty(namedTensors, async (all) => {
      const tensors = all.filter(([, { dtype }]) => !unknownToPytorch.includes(dtype));
      fc.pre(tensors.length > 0);
      const told: [number, number][] = [];
      await savePytorch(file, tensors, (...bytes) => told.push(bytes));
      expect(plain(openPytorch(fileBytes(file)).tensors)).toEqual(plain(tensors));
      expect(told.at(-1)![0]).toBe(told.at(-1)![1]);
    }),
    { numRuns: 50 },
  );
});

test("a number type that PyTorch does not have is refused by the tensor's name", async () => {
  const tensor: StoredTensor = { dtype: "U32", shape: [1], data: Uint32Array.of(1) };
  await expect(savePytorch(join(temporaryFolder(), "checkpoint.pt"), [["a.b", tensor]])).rejects.toMatchObject({
    code: "INVALID_WEIGHTS",
    message: expect.stringMatching(/"a\.b" has the number type U32, which PyTorch does not have/),
  });
});
