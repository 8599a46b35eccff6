import { z } from "zod";
import { count } from "../core/configFields.ts";
import { defineBlock } from "../core/defineBlock.ts";
import { FlamingoError } from "../core/errors.ts";
import { float32 } from "../core/port.ts";
import { flattenGrid } from "./flattenGrid.ts";
import { pixelsSlot } from "./normalizePixels.ts";
import { NormFreeBlock, normFreeBlockFields } from "./normFreeBlock.ts";
import { scale } from "./scale.ts";
import { divisible } from "./squeezeExcite.ts";
import { StandardizedConv } from "./standardizedConv.ts";
import { dropField } from "./stochasticDepth.ts";

/** The convolutions of each stem: channels as a part of the stem's, and stride. */
const stems = {
  "3x3": [[1, 2]],
  "7x7": [[1, 2]],
  deep: [[1 / 2, 2], [1 / 2, 1], [1, 1]], // biome-ignore format: one line
  deep_tiered: [[3 / 8, 2], [1 / 2, 1], [1, 1]], // biome-ignore format: one line
  deep_quad: [[1 / 8, 2], [1 / 4, 1], [1 / 2, 1], [1, 2]], // biome-ignore format: one line
} as const satisfies Record<string, readonly (readonly [part: number, stride: number])[]>;

/** Names of stems, as timm has them. */
export const stemNames = Object.keys(stems) as (keyof typeof stems)[];

/** A configuration field of a number for each of the four stages. */
function perStage(title: string, description: string, values: [number, number, number, number], unit?: string) {
  const meta = { title, description, ...(unit ? { unit } : {}) };
  return z
    .array(count(title, description, unit))
    .length(4)
    .default(values)
    .meta(meta);
}

/**
 * NFNet, a normaliser-free residual network: the vision encoder of the Flamingo paper (F6), whose last grid is flattened.
 *
 * A stem of convolutions, four stages of normaliser-free blocks, a last 1×1 convolution and the activation. Each stage but the first halves
 * the grid; within a stage the variance grows by alpha² a block, which each block's beta undoes. Shapes: `images` [batch, media, frames,
 * imageSize, imageSize, 3], `features` [batch, media, frames, ⌈imageSize/reduction⌉², visualDim], row by row; the reduction is 32. Weights
 * are named as in timm.
 *
 * @throws FlamingoError INVALID_CONFIG if there is no last convolution and `visualDim` is not the last stage's width
 * @see Brock et al. 2021, High-Performance Large-Scale Image Recognition Without Normalization, arXiv:2102.06171; Alayrac et al. 2022,
 *   Flamingo, section 2.1
 */
export const NfNet = defineBlock({
  name: "NfNet",
  title: "NFNet",
  category: "Vision",
  summary:
    "NFNet, a normaliser-free residual network: the vision encoder of the Flamingo paper (F6), whose last grid is flattened.",
  paper: "2.1; arXiv:2102.06171",
  config: z.strictObject({
    imageSize: count("Image side", "Side of the square images.", "pixels").default(192),
    visualDim: count("Visual width", "Channels of each visual feature.", "channels").default(3072),
    depths: perStage("Depths", "Blocks of each of the four stages.", [1, 2, 6, 3]),
    channels: perStage("Channels", "Channels of each of the four stages.", [256, 512, 1536, 1536], "channels"),
    stem: z
      .enum(stemNames)
      .default("deep_quad")
      .meta({ title: "Stem", description: "The first convolutions, by timm's names." }),
    stemChannels: count("Stem channels", "Channels after the stem.", "channels").default(128),
    groupSize: count("Group size", "Channels of each group.", "channels").nullable().default(128).meta({
      title: "Group size",
      description: "Channels of each group of the 3×3 convolutions; null for one group.",
      unit: "channels",
    }),
    bottleneck: z.number().positive().default(0.5).meta({
      title: "Bottleneck",
      description: "Inner channels of a block as a part of its channels.",
    }),
    bottleneckOf: z.enum(["out", "in"]).default("out").meta({
      title: "Bottleneck of",
      description: "The block's output (NFNet), or its input, and the whole of it in the first block (NF-RegNet).",
    }),
    divisor: count("Divisor", "Inner channels are a multiple of it.", "channels").default(8),
    finalConv: z
      .boolean()
      .default(true)
      .meta({ title: "Last convolution", description: "A 1×1 convolution to the visual width comes last." }),
    pixels: pixelsSlot,
    drop: dropField.meta({
      title: "Stochastic depth",
      description:
        "Share of images for which the last block's branch is left out in training; it grows from 0 over the blocks.",
    }),
    ...normFreeBlockFields,
    attention: normFreeBlockFields.attention
      .removeDefault()
      .default({ type: "SqueezeExcite", config: {} } as never)
      .meta(normFreeBlockFields.attention.meta()!),
  }),
  example: {
    imageSize: 17,
    visualDim: 8,
    depths: [1, 1, 1, 1],
    channels: [8, 8, 8, 8],
    pixels: { type: "NormalizePixels", config: { statistics: "imagenet" } },
    stem: "3x3",
    stemChannels: 8,
    groupSize: 4,
    bottleneck: 1,
    attention: { type: "SqueezeExcite", config: { inner: 8 } },
  },
  exampleSizes: { batch: 1, media: 1, frames: 1 },
  perImage: true,
  inputs: { images: float32("batch media frames imageSize imageSize 3", "images or video frames") },
  outputs: {
    features: float32(
      "batch media frames ((imageSize+31)/32)*((imageSize+31)/32) visualDim",
      "visual features of each frame, row by row",
    ),
  },
  build(config, { child }) {
    const { visualDim, depths, channels, stem, stemChannels, groupSize, bottleneck, divisor, drop, finalConv } = config;
    const { alpha, activation, activationGain, padding, epsilon, gamma } = config;
    const { attention, attentionGain, innerAttention, extraConv, skipInit } = config;
    const shared = { alpha, activation, activationGain, padding, epsilon, gamma };
    const conv = (name: string, from: number, to: number, kernel: number, stride: number) =>
      child(name, StandardizedConv, { inChannels: from, outChannels: to, kernel, stride, padding, epsilon, gamma });

    const shape: readonly (readonly [number, number])[] = stems[stem];
    const kernel = stem === "7x7" ? 7 : 3;
    let width = 3;
    const first = shape.map(([part, stride], index) => {
      const [from, to] = [width, Math.floor(part * stemChannels)];
      width = to;
      return conv(shape.length > 1 ? `stem.conv${index + 1}` : "stem.conv", from, to, kernel, stride);
    });
    const halved = shape.reduce((product, [, stride]) => product * stride, 1);
    const blocks = depths.flatMap((depth, stage) => {
      let variance = 1;
      return Array.from({ length: depth }, (_, index) => {
        const [inChannels, outChannels] = [width, channels[stage]!];
        width = outChannels;
        const start = index === 0;
        const whole = bottleneckOf(config.bottleneckOf, start && stage === 0);
        const wanted = (config.bottleneckOf === "in" ? inChannels : outChannels) * (whole ? 1 : bottleneck);
        const inner = innerWidth(divisible(wanted, divisor), groupSize, divisor);
        const beta = 1 / Math.sqrt(start && stage > 0 ? varianceAfter(depths[stage - 1]!, alpha) : variance);
        variance = start ? 1 + alpha ** 2 : variance + alpha ** 2;
        return child(`stages.${stage}.${index}`, NormFreeBlock, {
          ...{ inChannels, outChannels, ...inner, beta, ...shared },
          ...{ attention, attentionGain, innerAttention, extraConv, skipInit },
          stride: start && (stage > 0 || halved === 2) ? 2 : 1,
          drop: stageDrop(drop, depths, stage, index),
        });
      });
    });
    if (!finalConv && width !== visualDim)
      throw new FlamingoError(
        "INVALID_CONFIG",
        `without a last convolution the features have ${width} channels, not ${visualDim}`,
        {
          block: "NfNet",
          expected: width,
          actual: visualDim,
          fix: `set visualDim to ${width}, or finalConv to true`,
        },
      );
    const last = finalConv ? conv("final_conv", width, visualDim, 1, 1) : undefined;
    const prepare = config.pixels && child("pixels", config.pixels, {});
    const act = child("act", activation, {});
    const gained = scale.with({ factor: activationGain });
    return ({ images }) => {
      let x = first[0]!(prepare ? prepare(images) : images);
      for (const each of first.slice(1)) x = each(gained(act(x)));
      for (const block of blocks) x = block(x);
      return flattenGrid(gained(act(last ? last(x) : x)));
    };
  },
});

/** Whether a block's inner channels are as many as its input's: the first block of an NF-RegNet. */
function bottleneckOf(of: "out" | "in", first: boolean): boolean {
  return of === "in" && first;
}

/** The variance after a stage: 1 after its first block, and alpha² more with each. */
function varianceAfter(depth: number, alpha: number): number {
  return 1 + depth * alpha ** 2;
}

/** Inner channels and groups: as many whole groups as the channels hold, where the group size is a multiple of the divisor. */
function innerWidth(channels: number, groupSize: number | null, divisor: number) {
  if (!groupSize) return { innerChannels: channels, groups: 1 };
  const groups = Math.floor(channels / groupSize);
  return { innerChannels: groupSize % divisor === 0 ? groupSize * groups : channels, groups };
}

/** Stochastic depth grows evenly from stage to stage and within it, from 0 to the rate of the last block. */
function stageDrop(rate: number, depths: readonly number[], stage: number, index: number): number {
  const total = depths.reduce((sum, depth) => sum + depth, 0);
  const before = depths.slice(0, stage).reduce((sum, depth) => sum + depth, 0);
  return total > 1 ? (rate * (before + index)) / (total - 1) : 0;
}
