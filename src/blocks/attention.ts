import { z } from "zod";
import type { InputsOf } from "../core/call.ts";
import type { Cache } from "../core/chunks.ts";
import { count, headCount } from "../core/configFields.ts";
import { float32, int32, optional } from "../core/port.ts";
import { type AttentionOptions, attention, attentionWeights } from "../engine/ops/attention.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { cast, expandDims, logicalAnd, reshape, type Tensor, tile } from "../engine/tensor.ts";

/** The configuration of any attention over heads. */
export const headFields = {
  heads: headCount("Heads", "Attention heads.").default(8),
  headDim: count("Head width", "Channels of each head.", "channels").default(64),
};

/** The configuration of attention: heads, and whether it is causal. */
export const attentionFields = {
  ...headFields,
  causal: z
    .boolean()
    .default(false)
    .meta({ title: "Causal", description: "A position attends to itself and earlier positions only." }),
  scale: z
    .number()
    .optional()
    .meta({ title: "Scale", description: "Factor of the scores, where it is not 1/√(head width)." }),
};

/** The input ports of attention. */
export const attentionInputs = {
  query: float32("...lead queries heads*headDim", "queries, one a position"),
  key: float32("...lead keys heads*headDim", "keys, one a position"),
  value: float32("...lead keys heads*headDim", "values, one a position"),
  keyMask: optional(int32("batch keys", "1 for keys that count, 0 for padding, which nothing attends to")),
};

/** The output port of attention. */
export const attentionOutputs = { mixed: float32("...lead queries heads*headDim", "the mix of values for each query") };

/** What a query gives that the mask hides all keys from. */
export const emptyRowsField = {
  emptyRows: z.enum(["zero", "uniform"]).default("zero").meta({
    title: "Queries without keys",
    description: "A query that may attend to no key gets zeros, or the mean of all values as in OpenFlamingo.",
  }),
};

/** The input ports of attention with a mask. */
export const maskedInputs = {
  ...attentionInputs,
  mask: optional(int32("batch queries groups", "nonzero where a query may attend to a group of keys")),
};

type Settings = Pick<AttentionOptions, "heads" | "causal" | "scale" | "emptyRows" | "slopes">;

/** All leading axes as one: attention mixes within a sequence, never between two. */
function sequences(x: Tensor): Tensor {
  const [length, dim] = x.shape.slice(-2) as [number, number];
  return x.shape.length === 3 ? x : reshape(x, [-1, length, dim]);
}

/** The mask [batch, queries, groups] of a call: what is given, without the keys that are padding. */
function maskOf(mask: Tensor | undefined, keyMask: Tensor | undefined, queries: number): { mask: Tensor } | undefined {
  if (!keyMask) return mask && { mask };
  const [batch, keys] = keyMask.shape as [number, number];
  const row = reshape(keyMask, [batch, 1, keys]);
  const counted = queries === 1 ? row : tile(row, [1, queries, 1]);
  if (!mask) return { mask: counted };
  const groups = mask.shape[2]!;
  const perKey = reshape(tile(expandDims(mask, 3), [1, 1, 1, keys / groups]), counted.shape);
  return { mask: cast(logicalAnd(cast(perKey, "bool"), cast(counted, "bool")), "int32") };
}

/** Attention over whole sequences, or over a chunk of a text with the keys and values of the chunks before it. */
export function attend(
  { query, key, value, mask, keyMask }: InputsOf<typeof maskedInputs, Tensor>,
  settings: Settings,
  cache: Cache<Tensor> | undefined,
): Tensor {
  const options = { ...settings, ...maskOf(mask, keyMask, query.shape.at(-2)!) };
  if (cache?.grows("key") || cache?.grows("value")) {
    if (!options.causal) throw cache.refusal("each position attends to later ones");
    if (mask || ![query, key, value].every((x) => x.shape.length === 3) || !cache.grows("query"))
      throw cache.refusal("only causal self-attention of a text can use cached keys");
    const keys = cache.append("key", key);
    return attention(query, keys.buffer, cache.append("value", value).buffer, { ...options, keys: keys.length });
  }
  if (cache && (options.causal || options.slopes)) throw cache.refusal("its keys do not grow with the text");
  return reshape(attention(sequences(query), sequences(key), sequences(value), options), query.shape);
}

/** [sequences, heads, queries, keys]: the weight of each value in the mix of each query. */
export function weightsOf(
  { query, key, mask, keyMask }: Pick<InputsOf<typeof maskedInputs, Tensor>, "query" | "key" | "mask" | "keyMask">,
  settings: Settings,
): Tensor {
  const masked = maskOf(mask, keyMask, query.shape.at(-2)!);
  return attentionWeights(sequences(query), sequences(key), { ...settings, ...masked });
}

/**
 * Scaled dot-product attention: mixes values by how well queries match their keys, in several heads.
 *
 * softmax(q kᵀ / √headDim + mask) v, head by head; heads are laid out "(h d)" along the channels. Shapes: `query`
 * [..., queries, heads·headDim], `key` and `value` [..., keys, heads·headDim], `mixed` as `query`. `mask` [batch,
 * queries, groups] is nonzero where a query may attend to a group of keys; each group is keys/groups keys long. `keyMask` [batch, keys]
 * is 0 at padding, which no query attends to.
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762
 */
export const Attention = definePrimitive({
  name: "Attention",
  title: "Attention",
  category: "Tensor",
  summary: "Scaled dot-product attention: mixes values by how well queries match their keys, in several heads.",
  paper: "arXiv:1706.03762",
  config: z.strictObject({
    ...attentionFields,
    ...emptyRowsField,
  }),
  example: { heads: 2, headDim: 4 },
  exampleSizes: { lead: 2, queries: 3, keys: 4, batch: 2, groups: 2 },
  inputs: maskedInputs,
  outputs: attentionOutputs,
  chunks: { along: "queries", cache: true },
  build:
    ({ headDim: _, ...settings }) =>
    (inputs, cache) =>
      attend(inputs, settings, cache),
  probes: { weights: ({ headDim: _, ...settings }, inputs) => weightsOf(inputs, settings) },
});
