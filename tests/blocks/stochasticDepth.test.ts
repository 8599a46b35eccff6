import { expect, test } from "vitest";
import { NormFreeBlock } from "../../src/blocks/normFreeBlock.ts";
import { StochasticDepth } from "../../src/blocks/stochasticDepth.ts";
import { Random } from "../../src/core/random.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { dispose, ones, sum, type Tensor, tidy } from "../../src/engine/tensor.ts";
import { withTrainingNoise } from "../../src/engine/trainingNoise.ts";
import { describeDevices } from "../devices.ts";
import { LiveBlock } from "./liveBlock.ts";

describeDevices("stochastic depth", () => {
  const images = 200;
  const kept = async (noise: Random | undefined): Promise<number[]> => {
    const block = new LiveBlock(StochasticDepth, { config: { rate: 0.25 } });
    const x = ones([images, 1, 1, 2]);
    const y = withTrainingNoise(noise, () => tidy(() => block.run({ x }).y!));
    const numbers = [...(await y.data())];
    dispose([x, y]);
    return numbers;
  };

  test("changes nothing in evaluation", async () => {
    expect(await kept(undefined)).toEqual(Array(2 * images).fill(1));
  });

  test("leaves out whole images in training, about as many as it should, and scales up the others", async () => {
    const numbers = await kept(new Random(1));
    for (let at = 0; at < numbers.length; at += 2) expect(numbers[at]).toBe(numbers[at + 1]);
    expect([...new Set(numbers)].sort()).toEqual([0, Math.fround(4 / 3)]);
    const left = numbers.filter((number) => number === 0).length / 2;
    expect(left).toBeGreaterThan(0.15 * images);
    expect(left).toBeLessThan(0.35 * images);
  });

  test("leaves out the same images for the same seed, and others for another", async () => {
    const first = await kept(new Random(1));
    expect(await kept(new Random(1))).toEqual(first);
    expect(await kept(new Random(2))).not.toEqual(first);
  });

  test("gradient checkpointing, which computes a block again, leaves out the same images", async () => {
    const block = new LiveBlock(NormFreeBlock, { config: { ...NormFreeBlock.example, drop: 0.5 } }).shake();
    const x = ones([8, 4, 4, 6]);
    const variables = block.weights.trainable().map(({ variable }) => variable);
    const learn = async (checkpointing: boolean) => {
      block.reading.checkpointing = checkpointing;
      const { value, gradients } = withTrainingNoise(new Random(3), () =>
        valueAndGradients(() => sum(block.run({ x }).y as Tensor), variables),
      );
      const numbers = await Promise.all([value, ...gradients].map(async (each) => [...(await each!.data())]));
      dispose([value, ...gradients.map((each) => each!)]);
      return numbers;
    };
    expect(await learn(true)).toEqual(await learn(false));
    dispose(x);
    block.dispose();
  });
});
