import { z } from "zod";
import { count } from "../core/block.ts";
import { float32, int32, optional } from "../core/port.ts";
import { attention, attentionWeights } from "../engine/ops/attention.ts";
import { definePrimitive } from "../engine/readings/primitive.ts";
import { reshape, type Tensor } from "../engine/tensor.ts";

const config = z.strictObject({
  heads: count("Heads", "Attention heads."),
  headDim: count("Head width", "Channels of each head.", "channels"),
  causal: z
    .boolean()
    .default(false)
    .meta({ title: "Causal", description: "A position sees itself and earlier ones only." }),
  alibi: z.boolean().default(false).meta({
    title: "ALiBi",
    description: "Keys further back score lower, by a slope of each head's own; stands in for position embeddings.",
  }),
  looks: z.enum(["itself", "media", "features"]).default("itself").meta({
    title: "Looks at",
    description:
      "What the keys stand for, for those who watch: the sequence itself, visual tokens, or visual features.",
  }),
  emptyRows: z.enum(["zero", "uniform"]).default("zero").meta({
    title: "Queries that may see nothing",
    description: "Give zeros, or the mean of all values as the reference's mask does.",
  }),
});

function optionsOf({ heads, causal, alibi, emptyRows }: z.output<typeof config>) {
  return { heads, causal, emptyRows, ...(alibi ? { slopes: alibiSlopes(heads) } : {}) };
}

/**
 * ALiBi's slopes: a geometric series, 1/64 to 1 for 8 heads. Half of the heads here get slope 0, so that they find a
 * word wherever it stands.
 * @see Press et al. 2022, ALiBi, arXiv:2108.12409
 */
function alibiSlopes(heads: number): number[] {
  const sloped = Math.ceil(heads / 2);
  return Array.from({ length: heads }, (_, head) => (head < heads - sloped ? 0 : 2 ** (-2 * (heads - head - 1))));
}

/** All leading axes as one: attention mixes within a sequence, never between two. */
function sequences(x: Tensor): Tensor {
  const [length, dim] = x.shape.slice(-2) as [number, number];
  return x.shape.length === 3 ? x : reshape(x, [-1, length, dim]);
}

/**
 * Mixes values by how well queries match their keys, in several heads.
 *
 * softmax(q kᵀ / √headDim + mask) v, head by head; heads are laid out "(h d)" along the channels. Shapes: `query`
 * [..., queries, heads·headDim], `key` and `value` [..., keys, heads·headDim], `mixed` as `query`. `mask` [batch,
 * queries, groups] is nonzero where a query may attend to a group of keys; each group is keys/groups keys long.
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762
 */
export const Attention = definePrimitive({
  name: "Attention",
  title: "Attention",
  category: "Tensor",
  summary: "Mixes values by how well queries match their keys, in several heads.",
  paper: "arXiv:1706.03762",
  config,
  example: { heads: 2, headDim: 4 },
  exampleSizes: { lead: 2, queries: 3, keys: 4, batch: 2, groups: 2 },
  inputs: {
    query: float32("...lead queries heads*headDim", "what each position looks for"),
    key: float32("...lead keys heads*headDim", "what each position offers to be found by"),
    value: float32("...lead keys heads*headDim", "what each position gives"),
    mask: optional(int32("batch queries groups", "nonzero where a query may attend to a group of keys")),
  },
  outputs: { mixed: float32("...lead queries heads*headDim", "the values each query found") },
  pieces: { along: "queries", past: true },
  build: (settings) => {
    const options = optionsOf(settings);
    return ({ query, key, value, mask }, past) => {
      const masked = { ...options, ...(mask ? { mask } : {}) };
      if (past?.grows("key") || past?.grows("value")) {
        if (!options.causal) throw past.refusal("every place looks at later ones");
        if (mask || ![query, key, value].every((x) => x.shape.length === 3) || !past.grows("query"))
          throw past.refusal("only causal attention of a text to itself can look back at kept keys");
        const keys = past.append("key", key);
        return attention(query, keys.room, past.append("value", value).room, { ...masked, keys: keys.places });
      }
      if (past && (options.causal || options.slopes))
        throw past.refusal("what it looks at does not grow with the text");
      return reshape(attention(sequences(query), sequences(key), sequences(value), masked), query.shape);
    };
  },
  probes: {
    /** [sequences, heads, queries, keys]: the shares with which each query mixes the values. */
    weights: (settings, { query, key, mask }) =>
      attentionWeights(sequences(query), sequences(key), { ...optionsOf(settings), ...(mask ? { mask } : {}) }),
  },
});
