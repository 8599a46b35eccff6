import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { optionalSlot } from "../core/slot.ts";
import { linear } from "../engine/ops/matMul.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { mean, mul, relu, reshape, sigmoid } from "../engine/tensor.ts";

const inputs = { x: float32("...lead height width channels", "a grid of features") };
const outputs = { y: float32("...lead height width channels", "the grid with its channels weighted") };

/** The nearest multiple of a divisor, and no less than `least` of the value. */
export function divisible(value: number, divisor: number, least = 0.9): number {
  const near = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor);
  return near < least * value ? near + divisor : near;
}

/**
 * Squeeze-and-excite: weights the channels of a grid by what the whole grid shows.
 *
 * y = x · sigmoid(W₂ · relu(W₁ · mean(x) + b₁) + b₂), with the mean over the grid. Shapes: `x` and `y` [..., height, width, channels];
 * `fc1.weight` [inner, channels, 1, 1] and `fc2.weight` [channels, inner, 1, 1], 1×1 convolutions as timm stores them. The inner width is
 * ratio · channels, rounded to a multiple of `divisor`, unless `inner` gives it.
 *
 * @see Hu et al. 2017, Squeeze-and-Excitation Networks, arXiv:1709.01507
 */
export const SqueezeExcite = definePrimitive({
  name: "SqueezeExcite",
  title: "Squeeze-and-excite",
  category: "Vision",
  summary: "Squeeze-and-excite: weights the channels of a grid by what the whole grid shows.",
  paper: "arXiv:1709.01507",
  config: z.strictObject({
    channels: count("Channels", "Channels of the grid.", "channels"),
    ratio: z.number().positive().max(1).default(0.5).meta({
      title: "Ratio",
      description: "Width of the inner layer as a part of the channels.",
    }),
    divisor: count("Divisor", "The inner width is a multiple of it.", "channels").default(8),
    inner: count("Inner width", "Channels of the inner layer, in place of the ratio.", "channels").optional(),
    bias: z.boolean().default(true).meta({ title: "Bias", description: "Adds learnt vectors after both matrices." }),
  }),
  example: { channels: 4, inner: 6 },
  exampleSizes: { lead: 2, height: 3, width: 2 },
  inputs,
  outputs,
  build({ channels, ratio, divisor, inner = divisible(channels * ratio, divisor, 0), bias }, { weight }) {
    const layer = (name: string, from: number, to: number) => {
      const bound = 1 / Math.sqrt(from);
      const matrix = weight(`${name}.weight`, [to, from, 1, 1], { kind: "uniform", bound });
      const offset = bias ? weight(`${name}.bias`, [to], { kind: "uniform", bound }) : undefined;
      return { matrix, offset, shape: [to, from] };
    };
    const squeeze = layer("fc1", channels, inner);
    const excite = layer("fc2", inner, channels);
    return ({ x }) => {
      const [height, width] = x.shape.slice(-3) as [number, number, number];
      const grids = reshape(x, [-1, height * width, channels]);
      const seen = linear(mean(grids, 1), reshape(squeeze.matrix, squeeze.shape), squeeze.offset); // [N, inner]
      const weights = sigmoid(linear(relu(seen), reshape(excite.matrix, excite.shape), excite.offset)); // [N, C]
      return reshape(mul(grids, reshape(weights, [-1, 1, channels])), x.shape);
    };
  },
});

/** A slot for attention over the channels of a grid; it may stay empty. */
export const channelAttentionSlot = optionalSlot({
  title: "Attention over channels",
  description: "Weights the channels of a residual branch by what the whole grid shows; none unless chosen.",
  inputs,
  outputs,
  given: ["channels"],
});
