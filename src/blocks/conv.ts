import { z } from "zod";
import { count } from "../core/configFields.ts";
import { float32 } from "../core/port.ts";
import { sizeOf } from "../core/shape.ts";
import { conv2d } from "../engine/ops/convolution.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape } from "../engine/tensor.ts";
import { biasField } from "./linear.ts";

/**
 * A convolution with a square kernel.
 *
 * `kernel`×`kernel` weights at every `stride`-th position, padded so that a side of n becomes n / stride. Shapes: `x` [..., height,
 * width, inChannels], `y` [..., height/stride, width/stride, outChannels]; `weight` [outChannels, inChannels, kernel, kernel] as in
 * PyTorch, and `bias` [outChannels] by default.
 */
export const Conv = definePrimitive({
  name: "Conv",
  title: "Convolution",
  category: "Vision",
  summary: "A convolution with a square kernel.",
  config: z
    .strictObject({
      inChannels: count("Channels in", "Channels of the input.", "channels"),
      outChannels: count("Channels out", "Channels of the output.", "channels"),
      kernel: count("Kernel", "Side of the kernel.", "pixels"),
      stride: count("Stride", "Step of the kernel.", "pixels").default(1),
      bias: biasField.default(true),
    })
    .refine(({ kernel, stride }) => kernel >= stride && (kernel - stride) % 2 === 0, {
      message: "the kernel must be as large as the stride, or larger by an even number",
      path: ["kernel"],
    }),
  example: { inChannels: 3, outChannels: 4, kernel: 4, stride: 2 },
  exampleSizes: { lead: 2, height: 6, width: 8 },
  inputs: { x: float32("...lead height width inChannels", "images, or grids of features") },
  outputs: { y: float32("...lead height/stride width/stride outChannels", "a grid of features") },
  keeps: ({ inChannels, outChannels, kernel }, { y }) =>
    (sizeOf({ shape: y }) / outChannels) * inChannels * kernel ** 2,
  build({ inChannels, outChannels, kernel, stride, bias }, { weight }) {
    const bound = 1 / Math.sqrt(inChannels * kernel * kernel);
    const filter = weight("weight", [outChannels, inChannels, kernel, kernel], { kind: "uniform", bound });
    const offset = bias ? weight("bias", [outChannels], { kind: "uniform", bound }) : undefined;
    return ({ x }) => {
      const lead = x.shape.slice(0, -3);
      const images = lead.length === 1 ? x : reshape(x, [-1, ...x.shape.slice(-3)]);
      const y = conv2d(images, filter, offset, { stride, padding: (kernel - stride) / 2 });
      return lead.length === 1 ? y : reshape(y, [...lead, ...y.shape.slice(1)]);
    };
  },
});
