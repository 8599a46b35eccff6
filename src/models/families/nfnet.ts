import { z } from "zod";
import { NfNet, stemNames } from "../../blocks/nfnet.ts";
import { divisible } from "../../blocks/squeezeExcite.ts";
import { describeWeights } from "../../core/describeWeights.ts";
import { shortJson } from "../../core/json.ts";
import { withPixels } from "./clip.ts";
import { defineFamily, noted, only, size } from "./family.ts";

/** Our blocks for timm's activations, and the gain that each needs after it. */
const activations = {
  gelu: ["Gelu", 1.7015043497085571],
  relu: ["Relu", 1.7139588594436646],
  silu: ["Silu", 1.7881293296813965],
  tanh: ["Tanh", 1.5939117670059204],
} as const;

const stem = z.enum([...stemNames, ""] as const, {
  error: ({ input }) => `${shortJson(input)} is not supported, only ${stemNames.join(", ")}`,
});

const attention = z.strictObject({
  rd_ratio: z
    .number()
    .positive()
    .default(1 / 16),
  rd_channels: z.int().nonnegative().nullish(),
  rd_divisor: size.default(8),
  bias: z.boolean().default(true),
  add_maxpool: only(false),
  act_layer: only(null, "relu"),
  norm_layer: only(null),
  gate_layer: only("sigmoid"),
});

const perStage = z.array(size).length(4);
/** NFNet-F7 has 48 blocks in its third stage; thousands would be names without end. */
const blocks = z.array(size.max(100)).length(4);

/** The fields of timm's NfCfg with its defaults. */
const fields = z.strictObject({
  depths: blocks,
  channels: perStage,
  alpha: z.number().positive().default(0.2),
  stem_type: stem.default("3x3"),
  stem_chs: z.int().nonnegative().nullish(),
  group_size: z.int().nonnegative().nullish(),
  attn_layer: only(null, "", "se"),
  attn_kwargs: attention.nullish(),
  attn_gain: z.number().positive().default(2),
  width_factor: z.number().positive().default(1),
  bottle_ratio: z.number().positive().default(0.5),
  num_features: z.int().nonnegative().default(0),
  ch_div: size.default(8),
  reg: z.boolean().default(false),
  extra_conv: z.boolean().default(false),
  gamma_in_act: z.boolean().default(false),
  same_padding: z.boolean().default(false),
  std_conv_eps: z.number().positive().default(1e-5),
  skipinit: z.boolean().default(false),
  /** How the classifier begins, which is no part of the encoder. */
  zero_init_fc: z.boolean().default(false),
  act_layer: z
    .enum(Object.keys(activations) as (keyof typeof activations)[], {
      error: ({ input }) => `${shortJson(input)} is not supported, only ${Object.keys(activations).join(", ")}`,
    })
    .default("silu"),
  ...noted,
});

/**
 * Normaliser-free networks: DeepMind's NFNet-F, and timm's NFNet-L, NF-RegNet and NF-ResNet where they have no max pooling. Weights have
 * timm's names.
 *
 * @see Brock et al. 2021, NFNet, arXiv:2102.06171
 */
export const nfnet = defineFamily({
  name: "NFNet",
  source: "timm 1.0.31",
  modelType: "nfnet",
  architecture: "NormFreeNet",
  ignored: /^head\.fc\./,
  config: fields,
  forImages: (block) => withPixels(block, "imagenet"),
  forImageSize: ({ type, config }, imageSize) => ({ type, config: { ...config, imageSize } }),
  block: (config) => ({ type: "NfNet", config: blockConfig(config) }),
  weights: (config) => describeWeights(NfNet, blockConfig(config)).map(({ name }) => ({ theirs: name, ours: [name] })),
});

function blockConfig(config: z.output<typeof fields>): z.input<typeof NfNet.config> {
  const width = (channels: number) => divisible(channels * config.width_factor, config.ch_div);
  const channels = config.channels.map(width);
  const [activation, gain] = activations[config.act_layer];
  const { rd_ratio: ratio, rd_channels: inner, rd_divisor: divisor, bias } = attention.parse(config.attn_kwargs ?? {});
  return {
    depths: config.depths,
    channels,
    visualDim: config.num_features > 0 ? width(config.num_features) : channels.at(-1)!,
    finalConv: config.num_features > 0,
    stem: config.stem_type || "7x7",
    stemChannels: width(config.stem_chs || config.channels[0]!),
    groupSize: config.group_size || null,
    bottleneck: config.bottle_ratio,
    bottleneckOf: config.reg ? "in" : "out",
    divisor: config.ch_div,
    alpha: config.alpha,
    activation: { type: activation },
    activationGain: config.gamma_in_act ? gain : 1,
    gamma: config.gamma_in_act ? 1 : gain,
    attention: config.attn_layer
      ? { type: "SqueezeExcite", config: { ratio, divisor, bias, ...(inner ? { inner } : {}) } }
      : null,
    attentionGain: config.attn_gain,
    innerAttention: config.reg,
    extraConv: config.extra_conv,
    skipInit: config.skipinit,
    padding: config.same_padding ? "same" : "symmetric",
    epsilon: config.std_conv_eps,
  };
}
