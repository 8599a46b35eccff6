import { expect, test } from "vitest";
import { countTensors } from "../../src/engine/memory.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, tensor } from "../../src/engine/tensor.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";
import { describeDevices } from "../devices.ts";

/** Where each weight starts. */
const starts: Record<string, number[]> = {
  "gated_cross_attn.attn_gate": [0.25],
  "gated_cross_attn.to_q": [0.5, -1, 2, 0.125],
  "perceiver.latents": [1, -3, 0.75],
};

/** Gradients of four steps, weight by weight. */
const gradients = [
  [[0.5], [3, -0.25, 1.5, 0], [0.125, -2, 0.0625]],
  [[-0.0625], [0.03125, 0.25, -0.125, 0.5], [0.25, 0, -0.125]],
  [[8], [-0.5, 16, 0.25, -4], [1, 2, -0.5]],
  [[0.001953125], [0, 0, 0, 0.015625], [-0.0078125, 0, 0]],
];

/**
 * What PyTorch 1.13 makes of them: torch.optim.AdamW with a group a weight (lr 0.05, 0.01, 0.01; weight_decay 0, 0.1, 0),
 * after torch.nn.utils.clip_grad_norm_(all, 1.0) in each step.
 */
const norms = [3.9474081993103027, 0.6411963701248169, 18.481409072875977, 0.017578125];
const ends = [
  [0.12514622509479523],
  [0.4716265797615051, -1.004958987236023, 1.971946358680725, 0.11192728579044342],
  [0.968207597732544, -2.976515054702759, 0.7579742670059204],
];

function makeWeights(): Weights {
  const weights = new Weights(1);
  for (const [name, numbers] of Object.entries(starts)) {
    const group = name.endsWith("_gate") ? "gate" : name.includes("gated_cross_attn") ? "new" : "resampler";
    weights.create({ name, shape: [numbers.length], initial: { kind: "zeros" }, frozen: false, group });
  }
  const data = Object.entries(starts).map(
    ([name, numbers]) => [name, { shape: [numbers.length], data: Float32Array.from(numbers) }] as const,
  );
  weights.load(new Map(data), "", "the test");
  return weights;
}

/** Makes steps `from` to `to`, both counted from 1. Returns the norms. */
async function takeSteps(optimizer: Optimizer, from: number, to: number): Promise<number[]> {
  const found: number[] = [];
  for (let step = from; step <= to; step++) {
    const given = gradients[step - 1]!.map((numbers) => tensor(numbers));
    const norm = optimizer.step(given, step, 0.01);
    found.push((await norm.data())[0]!);
    dispose([norm, ...given]);
  }
  return found;
}

const settings = { groups: flamingoGroups(5, 0.1), clip: 1 };

describeDevices("Optimizer", () => {
  test("takes the steps of PyTorch's AdamW: clipped, each part at its own rate and decay", async () => {
    const weights = makeWeights();
    const optimizer = new Optimizer(weights.all(), settings);
    expect(await takeSteps(optimizer, 1, 4)).toBeAllclose(norms);
    for (const [index, { variable }] of weights.all().entries())
      await expect(variable).toBeAllclose(ends[index]!, { relative: 1e-5 });
  });

  test("goes on from saved moments to the same bits", async () => {
    const through = makeWeights();
    await takeSteps(new Optimizer(through.all(), settings), 1, 4);
    const stopped = makeWeights();
    const before = new Optimizer(stopped.all(), settings);
    await takeSteps(before, 1, 2);
    const after = new Optimizer(stopped.all(), settings);
    after.load(await before.save());
    await takeSteps(after, 3, 4);
    expect(await stopped.save()).toEqual(await through.save());
  });

  test("leaves a weight without a gradient where it is, decay included", async () => {
    const weights = makeWeights();
    const optimizer = new Optimizer(weights.all(), settings);
    const gradient = tensor([1, 1, 1]);
    dispose([optimizer.step([null, null, gradient], 1, 0.01), gradient]);
    const saved = await weights.save();
    expect([...saved.get("gated_cross_attn.to_q")!.data]).toEqual(starts["gated_cross_attn.to_q"]);
    expect([...saved.get("perceiver.latents")!.data]).not.toEqual(starts["perceiver.latents"]);
  });

  test("lets go of everything", async () => {
    const before = countTensors();
    const weights = makeWeights();
    const optimizer = new Optimizer(weights.all(), settings);
    await takeSteps(optimizer, 1, 4);
    optimizer.dispose();
    weights.dispose();
    expect(countTensors()).toBe(before);
  });
});
