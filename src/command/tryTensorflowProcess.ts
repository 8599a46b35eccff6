import { GatedXattnDense } from "../blocks/gatedXattnDense.ts";
import { parseConfig } from "../core/config.ts";
import { instantiate } from "../core/instantiate.ts";
import { Random } from "../core/random.ts";
import { sizeOf } from "../core/shape.ts";
import { valueAndGradients } from "../engine/autodiff/gradients.ts";
import { openDevice } from "../engine/devices/device.ts";
import { Eager } from "../engine/readings/eager.ts";
import { assignNumbers, Weights } from "../engine/readings/weights.ts";
import { dispose, square, sum, type Tensor, tensor } from "../engine/tensor.ts";

/** The most that a number may differ from the reference's, as a share of the largest of its tensor. */
const tolerance = 1e-4;

/** The loss of a GATED XATTN-DENSE layer with open gates, and its gradient by every weight, on the open device. */
async function compute(): Promise<Float32Array[]> {
  const [batch, length, media, latents, dim, visualDim] = [2, 32, 2, 16, 64, 48];
  const config = parseConfig(GatedXattnDense, { dim, visualDim, heads: 4, headDim: 16, padded: true });
  const weights = new Weights(1);
  const layer = instantiate(GatedXattnDense, config, new Eager(weights));
  const block = () => layer(inputs) as Tensor;
  const random = new Random(2);
  const normal = (...shape: number[]) => tensor(random.normals(sizeOf({ shape })), shape, "float32");
  const tags = Int32Array.from({ length: batch * length }, (_, at) => Number(at % length === 0 || at % length === 9));
  const inputs = {
    ...{ text: normal(batch, length, dim), media: normal(batch, media, latents, visualDim) },
    locations: tensor(tags, [batch, length], "int32"),
  };
  dispose(block()); // the first call makes the weights
  for (const { group, shape, variable } of weights.all())
    if (group === "gate") assignNumbers(variable, { shape, data: Float32Array.of(0.5) });
  const variables = weights.all().map(({ variable }) => variable);
  const { value, gradients } = valueAndGradients(() => sum(square(block())), variables);
  return Promise.all([value, ...gradients].map(async (one) => Float32Array.from(await one!.data())));
}

function largest(numbers: Float32Array): number {
  return numbers.reduce((most, number) => Math.max(most, Math.abs(number)), 0);
}

await openDevice("cpu");
const expected = await compute();
const { description } = await openDevice("tensorflow");
const found = await compute();
const worst = expected.reduce((most, numbers, at) => {
  const errors = numbers.map((number, place) => number - found[at]![place]!);
  return Math.max(most, largest(errors) / largest(numbers));
}, 0);
process.send?.({ description, worst, agrees: worst <= tolerance }, () => process.exit(0));
