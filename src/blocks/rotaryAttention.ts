import { z } from "zod";
import { defineBlock } from "../core/defineBlock.ts";
import { Attention, attentionFields, attentionInputs, attentionOutputs } from "./attention.ts";
import { RotaryEmbedding, rotaryFields } from "./rotaryEmbedding.ts";

/**
 * Attention whose queries and keys are rotated by their positions.
 *
 * softmax(R(q) R(k)ᵀ / √headDim) v, head by head, with the rotation R of `RotaryEmbedding`: scores depend on distances only. Shapes
 * as in `Attention`, without a mask.
 *
 * @see Su et al. 2021, RoFormer, arXiv:2104.09864
 */
export const RotaryAttention = defineBlock({
  name: "RotaryAttention",
  title: "Attention with rotary embedding",
  category: "Tensor",
  summary: "Attention whose queries and keys are rotated by their positions.",
  paper: "arXiv:2104.09864",
  config: z.strictObject({ ...attentionFields, ...rotaryFields }),
  example: { heads: 2, headDim: 4, causal: true },
  exampleSizes: { lead: 2, queries: 4, batch: 2, keys: 4 },
  inputs: attentionInputs,
  outputs: attentionOutputs,
  build({ heads, headDim, causal, scale, ...rotation }, { child }) {
    const rotate = child("rotate", RotaryEmbedding, { heads, headDim, ...rotation });
    const attend = child("attend", Attention, { heads, headDim, causal, scale });
    return ({ query, key, value, keyMask }) => attend({ query: rotate(query), key: rotate(key), value, keyMask });
  },
});
