import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { float32 } from "../core/port.ts";
import { activationSlot } from "./activations.ts";
import { add } from "./add.ts";
import { averagePool } from "./averagePool.ts";
import { scale } from "./scale.ts";
import { SkipInit } from "./skipInit.ts";
import { channelAttentionSlot } from "./squeezeExcite.ts";
import { StandardizedConv, standardizedConvFields } from "./standardizedConv.ts";
import { dropField, StochasticDepth } from "./stochasticDepth.ts";

/** What the blocks of a normaliser-free network have in common. */
export const normFreeBlockFields = {
  alpha: z
    .number()
    .positive()
    .default(0.2)
    .meta({ title: "Alpha", description: "Multiplies each residual branch: how fast the variance grows." }),
  activation: activationSlot,
  activationGain: z.number().positive().default(1.7015043497085571).meta({
    title: "Gain after the activation",
    description:
      "Brings the variance back that the activation takes away: 1.7015 for GELU, 1.7881 for SiLU, 1.7140 for ReLU.",
  }),
  attention: channelAttentionSlot,
  attentionGain: z
    .number()
    .positive()
    .default(2)
    .meta({ title: "Gain of attention", description: "Makes up for the halving by the sigmoid." }),
  innerAttention: z.boolean().default(false).meta({
    title: "Attention inside",
    description: "Before the last convolution of a block (NF-RegNet), not after it (NFNet).",
  }),
  extraConv: z
    .boolean()
    .default(true)
    .meta({ title: "Second 3×3 convolution", description: "Each block has two convolutions of 3×3, not one." }),
  skipInit: z
    .boolean()
    .default(true)
    .meta({ title: "SkipInit", description: "A learnt gain on each residual branch that starts at 0." }),
  ...standardizedConvFields,
};

/**
 * A block of a normaliser-free residual network: scaled activations, standardised convolutions and a scaled residual branch, in place of
 * batch normalisation.
 *
 * h = beta · gain · activation(x); branch = Conv1×1(act(Conv3×3(act(Conv3×3(act(Conv1×1(h))))))), then attention over channels, stochastic
 * depth and SkipInit; y = alpha · branch + shortcut. The shortcut is x, or Conv1×1(AveragePool(h)) where size or channels change. `beta` is
 * 1/√(variance of x). Shapes: `x` [..., height, width, inChannels], `y` [..., ⌈height/stride⌉, ⌈width/stride⌉, outChannels]. Weights are
 * named as in timm.
 *
 * @see Brock et al. 2021, NFNet, arXiv:2102.06171, Figure 5; timm's NormFreeBlock
 */
export const NormFreeBlock = defineBlock({
  name: "NormFreeBlock",
  title: "Normaliser-free block",
  category: "Vision",
  summary:
    "A block of a normaliser-free residual network: scaled activations, standardised convolutions and a scaled residual branch, in place of batch normalisation.",
  paper: "arXiv:2102.06171, Figure 5",
  config: z.strictObject({
    inChannels: count("Channels in", "Channels of the input.", "channels"),
    outChannels: count("Channels out", "Channels of the output.", "channels"),
    innerChannels: count("Inner channels", "Channels between the first and the last convolution.", "channels"),
    groups: count("Groups", "Groups of the 3×3 convolutions.").default(1),
    stride: count("Stride", "Step of the first 3×3 convolution.", "pixels").default(1),
    beta: z
      .number()
      .positive()
      .default(1)
      .meta({ title: "Beta", description: "Brings the variance of the input to 1." }),
    drop: dropField,
    ...normFreeBlockFields,
  }),
  example: {
    inChannels: 6,
    outChannels: 8,
    innerChannels: 6,
    groups: 2,
    stride: 2,
    beta: 0.9,
    attention: { type: "SqueezeExcite", config: { inner: 6 } },
  },
  exampleSizes: { lead: 2, height: 4, width: 5 },
  inputs: { x: float32("...lead height width inChannels", "grids of features") },
  outputs: {
    y: float32("...lead (height+stride-1)/stride (width+stride-1)/stride outChannels", "grids of features"),
  },
  layer: true,
  build(config, { child }) {
    const { inChannels, outChannels, innerChannels, groups, stride, beta, alpha, drop, skipInit } = config;
    const { padding, epsilon, gamma } = config;
    const conv = (name: string, from: number, to: number, more: { kernel: number } & Record<string, unknown>) =>
      child(name, StandardizedConv, { inChannels: from, outChannels: to, padding, epsilon, gamma, ...more });
    const act = child("act", config.activation, {});
    const gained = scale.with({ factor: config.activationGain });
    const shortens = stride > 1;
    const changes = shortens || inChannels !== outChannels;
    const toShortcut = changes ? conv("downsample.conv", inChannels, outChannels, { kernel: 1 }) : undefined;
    const conv1 = conv("conv1", inChannels, innerChannels, { kernel: 1 });
    const conv2 = conv("conv2", innerChannels, innerChannels, { kernel: 3, stride, groups });
    const conv2b = config.extraConv ? conv("conv2b", innerChannels, innerChannels, { kernel: 3, groups }) : undefined;
    const inside = config.innerAttention;
    const attention = config.attention && {
      attend: child(inside ? "attn" : "attn_last", config.attention, {
        channels: inside ? innerChannels : outChannels,
      }),
      gain: scale.with({ factor: config.attentionGain }),
    };
    const conv3 = conv("conv3", innerChannels, outChannels, { kernel: 1, closed: !skipInit });
    const dropOut = drop > 0 ? child("drop_path", StochasticDepth, { rate: drop }) : undefined;
    const skip = skipInit ? child("skipinit_gain", SkipInit, {}) : undefined;
    return ({ x }) => {
      const begin = scale.with({ factor: config.activationGain * beta })(act(x));
      const shortcut = toShortcut ? toShortcut(shortens ? averagePool.with({ size: stride })(begin) : begin) : x;
      let y = conv2(gained(act(conv1(begin))));
      if (conv2b) y = conv2b(gained(act(y)));
      if (attention && inside) y = attention.gain(attention.attend(y));
      y = conv3(gained(act(y)));
      if (attention && !inside) y = attention.gain(attention.attend(y));
      if (dropOut) y = dropOut(y);
      if (skip) y = skip(y);
      return add(scale.with({ factor: alpha })(y), shortcut);
    };
  },
});
