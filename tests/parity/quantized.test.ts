import { expect, test } from "vitest";
import { heldBytes } from "../../src/core/quantization.ts";
import { findBlock } from "../../src/core/registry.ts";
import { memoryUse } from "../../src/engine/memory.ts";
import { type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { scoreTokens } from "../../src/evaluation/score.ts";
import { build } from "../../src/models/build.ts";
import { openModel } from "../../src/models/modelFiles.ts";
import { describeDevices } from "../devices.ts";
import { caseTensors, modelFolder } from "../models/modelFolder.ts";

/** Mean log-likelihood of a token of the case's own text, and the bytes of the weights. */
async function measured(family: string, quantize?: 8 | 4) {
  const { block, ...from } = openModel({ path: modelFolder(family), quantize });
  const before = memoryUse().bytes;
  const model = build(findBlock(block.type)!, block.config ?? {}, { from, frozen: true });
  const bytes = memoryUse().bytes - before;
  const { data, shape } = caseTensors(family, "inputs").get("input_ids")!;
  const [rows, length] = shape as [number, number];
  const ids = Int32Array.from(data as Int32Array);
  const logits = tidy(() => (model({ ids: tensor(ids, [rows, length], "int32") }) as unknown as Tensor).clone());
  const tokens = logits.shape.at(-1)!;
  const targets = Int32Array.from(ids, (_, at) => ((at + 1) % length === 0 ? -100 : ids[at + 1]!));
  const { sums, counts } = scoreTokens((await logits.data()) as Float32Array, [rows, length, tokens], targets);
  const expected = model.weights
    .all()
    .reduce((sum, { shape, quantized }) => sum + heldBytes(shape, quantized?.bits), 0);
  logits.dispose();
  model.dispose();
  return { likelihood: (sums[0]! + sums[1]!) / (counts[0]! + counts[1]!), bytes, expected };
}

describeDevices("models of the families with quantised weights", (device) => {
  test.each(device === "webgpu" ? ["llama-3"] : ["gpt2", "opt", "gpt-neox", "mpt", "llama-3"])(
    "%s: memory as told, and a text is about as likely as in single precision",
    async (family) => {
      const [single, eight, four] = [await measured(family), await measured(family, 8), await measured(family, 4)];
      for (const each of [single, eight, four]) expect(each.bytes).toBe(each.expected);
      expect(eight.bytes).toBeLessThan(single.bytes);
      expect(four.bytes).toBeLessThan(eight.bytes);
      expect(eight.likelihood).not.toBe(single.likelihood);
      expect(Math.abs(eight.likelihood - single.likelihood)).toBeLessThan(0.05);
      // Random weights as large as these are the worst case: each rounding is seen.
      expect(Math.abs(four.likelihood - single.likelihood)).toBeLessThan(0.8);
      expect(Math.abs(eight.likelihood - single.likelihood)).toBeLessThan(
        Math.abs(four.likelihood - single.likelihood),
      );
    },
  );
});
