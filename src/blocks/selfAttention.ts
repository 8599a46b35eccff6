import { z } from "zod";
import { count, defineBlock } from "../core/block.ts";
import { float32 } from "../core/port.ts";
import { Attention } from "./attention.ts";
import { Linear } from "./linear.ts";
import { normField, norms } from "./norm.ts";
import { RotaryEmbedding } from "./rotaryEmbedding.ts";

/** The configuration of a transformer layer's attention. */
export const selfAttentionFields = {
  dim: count("Width", "Channels of the residual stream.", "channels"),
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
  rotary: z.boolean().default(false).meta({
    title: "Rotary",
    description:
      "Turns queries and keys by their places, as in LLaMA and GPT-NeoX; takes ALiBi's place where both are chosen.",
  }),
  norm: normField,
};

/**
 * Lets the positions of a sequence look at each other.
 *
 * softmax(q kᵀ / √headDim) v with q, k and v from norm(x), q and k turned by their places if `rotary`; no biases. Shapes: `x` and `update` [..., length,
 * dim]. The residual connection is the caller's.
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762; Su et al. 2021 (rotary), arXiv:2104.09864
 */
export const SelfAttention = defineBlock({
  name: "SelfAttention",
  title: "Self-attention",
  category: "Language",
  summary: "Lets the positions of a sequence look at each other.",
  paper: "arXiv:1706.03762",
  config: z.strictObject(selfAttentionFields),
  example: { dim: 8, heads: 2, headDim: 4, causal: true, alibi: true },
  exampleSizes: { lead: 2, length: 5 },
  inputs: { x: float32("...lead length dim", "hidden states") },
  outputs: { update: float32("...lead length dim", "what each position saw") },
  build({ dim, heads, headDim, causal, alibi, rotary, norm }, { child }) {
    const inner = heads * headDim;
    const normalise = child("norm", norms[norm], { dim });
    const toQuery = child("to_q", Linear, { inDim: dim, outDim: inner });
    const toKey = child("to_k", Linear, { inDim: dim, outDim: inner });
    const toValue = child("to_v", Linear, { inDim: dim, outDim: inner });
    const turn = rotary ? child("rotate", RotaryEmbedding, { heads, headDim }) : undefined;
    const look = child("attend", Attention, { heads, headDim, causal, alibi: alibi && !rotary });
    const toOut = child("to_out", Linear, { inDim: inner, outDim: dim });
    return ({ x }) => {
      const y = normalise({ x });
      const [query, key] = [toQuery({ x: y }), toKey({ x: y })];
      const placed = turn ? { query: turn({ x: query }), key: turn({ x: key }) } : { query, key };
      return toOut({ x: look({ ...placed, value: toValue({ x: y }) }) });
    };
  },
});
