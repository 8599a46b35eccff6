import fc from "fast-check";
import { expect, test } from "vitest";
import type { AnyBlock } from "../../src/core/block.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { countTensors, memoryUse, resetPeak } from "../../src/engine/memory.ts";
import { add } from "../../src/engine/ops/elementwise.ts";
import { dispose, square, sum, type Tensor } from "../../src/engine/tensor.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { models } from "../../src/models/index.ts";
import { bitsOf, exampleInputs, LiveBlock, realInputs } from "../blocks/liveBlock.ts";
import { describeDevices } from "../devices.ts";

/** Loss and gradients of a block, by its weights and by its real inputs, as bits; and what was held at most on the way. */
async function differentiate(definition: AnyBlock, checkpointing: boolean, config: Record<string, unknown>) {
  const block = new LiveBlock(definition, { config }).shake().openGates();
  block.reading.checkpointing = checkpointing;
  const inputs = exampleInputs(definition, block.config);
  const weights = block.weights.trainable().map(({ variable }) => variable);
  const variables = [...weights, ...realInputs(inputs).map(([, variable]) => variable)];
  const before = memoryUse();
  resetPeak();
  const squares = () => Object.values(block.run(inputs)).map((output) => sum(square(output)));
  const { value, gradients } = valueAndGradients(() => squares().reduce(add), variables);
  const peak = memoryUse().peakBytes - before.bytes;
  const found = [value, ...gradients];
  const bits = await Promise.all(found.map(async (one) => one && bitsOf(one)));
  dispose(found.filter((one): one is Tensor => one !== null));
  expect(countTensors()).toBe(before.tensors);
  dispose(Object.values(inputs));
  block.dispose();
  return { bits, peak };
}

const layers = models.filter(({ layer }) => layer).map((block) => [block.name, block] as const);

/** The example of a Flamingo with changes of its language model. */
function flamingo({
  depth = 1,
  maxLength = 0,
  ...change
}: {
  depth?: number;
  maxLength?: number;
  [field: string]: unknown;
}) {
  const { resampler, languageModel } = Flamingo.example;
  const positions = maxLength > 0 ? { type: "TextPositions", config: { maxLength } } : null;
  return {
    ...Flamingo.example,
    resampler: { ...resampler, config: { ...resampler!.config, depth } },
    languageModel: { ...languageModel, config: { ...languageModel!.config, positions, ...change } },
  };
}

describeDevices("gradient checkpointing", (device) => {
  test.each(layers)("%s has the same gradients to the last bit", async (_, block) => {
    const [plain, again] = [
      await differentiate(block, false, block.example),
      await differentiate(block, true, block.example),
    ];
    expect(again.bits).toEqual(plain.bits);
  });

  if (device === "webgpu") return; // an emulated GPU takes minutes for whole models
  const configs = fc.record({
    layers: fc.constantFrom(1, 2, 4),
    every: fc.constantFrom(1, 2),
    placement: fc.constantFrom("first", "last"),
    frozen: fc.boolean(),
    maxLength: fc.constantFrom(0, 5),
    depth: fc.constantFrom(1, 3),
    newTokens: fc.constantFrom(1, 2),
  });

  test("a whole Flamingo has the same loss and gradients to the last bit, whatever learns in it", () =>
    fc.assert(
      fc.asyncProperty(configs, async (change) => {
        const config = flamingo(change);
        const plain = await differentiate(Flamingo, false, config);
        expect((await differentiate(Flamingo, true, config)).bits).toEqual(plain.bits);
      }),
      { seed: 20260, numRuns: 8 },
    ));

  test("a deep Flamingo holds less", async () => {
    const whole: AnyBlock = Flamingo;
    const long = { ...whole, exampleSizes: { batch: 4, length: 40, media: 2, frames: 1 } };
    const config = flamingo({ layers: 8 });
    const [plain, again] = [await differentiate(long, false, config), await differentiate(long, true, config)];
    expect(again.peak).toBeLessThan(0.5 * plain.peak);
  });
});
