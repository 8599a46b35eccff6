import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { sizeOf } from "../core/shape.ts";
import { conv2d } from "../engine/ops/convolution.ts";
import { multiply, scale } from "../engine/ops/elementwise.ts";
import { layerNorm } from "../engine/ops/norms.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { pad, reshape, type Tensor, transpose } from "../engine/tensor.ts";
import { onGrids } from "./grids.ts";

/** The configuration that all standardised convolutions of a network share. */
export const standardizedConvFields = {
  padding: z.enum(["same", "symmetric"]).default("same").meta({
    title: "Padding",
    description:
      "Zeros as in TensorFlow, more of them below and to the right where they are odd, or equal on all sides as in PyTorch.",
  }),
  epsilon: z
    .number()
    .positive()
    .default(1e-5)
    .meta({ title: "Epsilon", description: "Keeps the division by the spread of the weights finite." }),
  gamma: z.number().positive().default(1).meta({
    title: "Gain of the activation",
    description: "Multiplies the standardised weights: makes up for the spread that the activation before takes away.",
  }),
};

/**
 * A convolution with scaled weight standardisation: each output's weights have mean 0 and, over √(fan-in), spread 1, times a learnt gain.
 *
 * Ŵ = gamma · gain · (W − mean) / √(fan-in · (variance + epsilon)) for each output channel; y = Ŵ ∗ x + bias. The fan-in is
 * kernel² · inChannels/groups. Shapes: `x` [..., height, width, inChannels], `y` [..., ⌈height/stride⌉, ⌈width/stride⌉, outChannels];
 * `weight` [outChannels, inChannels/groups, kernel, kernel], `gain` [outChannels, 1, 1, 1], `bias` [outChannels].
 *
 * @see Brock et al. 2021, Characterizing signal propagation, arXiv:2101.08692, section 4.1; timm's ScaledStdConv2dSame
 */
export const StandardizedConv = definePrimitive({
  name: "StandardizedConv",
  title: "Standardised convolution",
  category: "Vision",
  summary:
    "A convolution with scaled weight standardisation: each output's weights have mean 0 and, over √(fan-in), spread 1, times a learnt gain.",
  paper: "arXiv:2101.08692, 4.1",
  config: z
    .strictObject({
      inChannels: count("Channels in", "Channels of the input.", "channels"),
      outChannels: count("Channels out", "Channels of the output.", "channels"),
      kernel: count("Kernel", "Side of the kernel; odd.", "pixels"),
      stride: count("Stride", "Step of the kernel.", "pixels").default(1),
      groups: count("Groups", "Channels are divided into so many groups, each with a convolution of its own.").default(
        1,
      ),
      closed: z.boolean().default(false).meta({
        title: "Starts at 0",
        description: "The gain starts at 0 instead of 1, so that a new branch changes nothing at first.",
      }),
      ...standardizedConvFields,
    })
    .refine(({ kernel }) => kernel % 2 === 1, { message: "the kernel must be odd", path: ["kernel"] })
    .refine(({ inChannels, outChannels, groups }) => inChannels % groups === 0 && outChannels % groups === 0, {
      message: "the channels must be a multiple of the groups",
      path: ["groups"],
    }),
  example: { inChannels: 4, outChannels: 6, kernel: 3, stride: 2, groups: 2 },
  exampleSizes: { lead: 2, height: 5, width: 6 },
  inputs: { x: float32("...lead height width inChannels", "images, or grids of features") },
  outputs: {
    y: float32("...lead (height+stride-1)/stride (width+stride-1)/stride outChannels", "a grid of features"),
  },
  keeps: ({ inChannels, outChannels, kernel }, { y }) =>
    (sizeOf({ shape: y }) / outChannels) * inChannels * kernel ** 2,
  build({ inChannels, outChannels, kernel, stride, groups, closed, padding, epsilon, gamma }, { weight }) {
    const fan = (inChannels / groups) * kernel ** 2;
    const shape = [outChannels, inChannels / groups, kernel, kernel];
    const filter = weight("weight", shape, { kind: "normal", std: 1 / Math.sqrt(fan) });
    const bias = weight("bias", [outChannels], { kind: "zeros" });
    const gain = weight("gain", [outChannels, 1, 1, 1], { kind: closed ? "zeros" : "ones" });
    /** [outChannels, inChannels/groups, kernel, kernel] */
    const standardised = () => {
      const normal = layerNorm(reshape(filter, [outChannels, fan]), undefined, undefined, epsilon);
      const scales = scale(reshape(gain, [outChannels]), gamma / Math.sqrt(fan));
      return reshape(transpose(multiply(transpose(normal), scales)), shape);
    };
    return ({ x }) =>
      onGrids(x, (grids) => {
        if (padding === "symmetric")
          return conv2d(grids, standardised(), bias, { stride, groups, padding: (stride - 1 + kernel - 1) >> 1 });
        const same =
          stride === 1 ? { grids, padding: (kernel - 1) / 2 } : { grids: padSame(grids, kernel, stride), padding: 0 };
        return conv2d(same.grids, standardised(), bias, { stride, groups, padding: same.padding });
      });
  },
});

/** Adds TensorFlow's "same" zeros: so many that ⌈size/stride⌉ windows fit, half of them before, the odd one after. */
function padSame(x: Tensor, kernel: number, stride: number): Tensor {
  const around = x.shape.slice(1, 3).map((size): [number, number] => {
    const zeros = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
    return [zeros >> 1, zeros - (zeros >> 1)];
  });
  return pad(x, [[0, 0], ...around, [0, 0]]);
}
