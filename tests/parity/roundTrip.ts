import { NextTokenLoss } from "../../src/blocks/nextTokenLoss.ts";
import type { Value } from "../../src/core/call.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import { Random } from "../../src/core/random.ts";
import { findBlock } from "../../src/core/registry.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { dispose, type Tensor, tensor } from "../../src/engine/tensor.ts";
import { modelOf } from "../../src/models/families/index.ts";
import { train } from "../../src/training/loop.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";

/** A small Flamingo of OpenFlamingo's kind: CLIP's encoder, and an OPT with a gated layer before each layer. */
export const tripConfig = {
  vision: { image_size: 14, patch_size: 7, width: 12, layers: 1, head_width: 6, embed_dim: 8, quick_gelu: true },
  lang: {
    architectures: ["OPTForCausalLM"],
    model_type: "opt",
    vocab_size: 30,
    hidden_size: 16,
    word_embed_proj_dim: 16,
    ffn_dim: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    max_position_embeddings: 32,
  },
  lang_vocab_size: 32,
  perceiver: { depth: 1, dim_head: 4, heads: 2, num_latents: 3, ff_mult: 2 },
  gated_cross_attn: { dim_head: 4, heads: 2, ff_mult: 2, only_attend_immediate_media: true },
  cross_attn_every_n_layers: 1,
  media_token_id: 31,
  eoc_token_id: 30,
  pad_token_id: 1,
};

const [batch, media, length] = [4, 2, 8];
const ignored = -100;

/** A batch of random images, with texts of which each image's tag and the token after it are the same for the same image. */
function batchOf(random: Random): { images: Tensor; ids: Tensor; targets: Tensor } {
  const side = tripConfig.vision.image_size;
  const rows = Array.from({ length: batch }, () => {
    const words = Array.from({ length }, () => 3 + random.integer(20));
    words[1] = words[4] = tripConfig.media_token_id;
    words[3] = words[7] = tripConfig.eoc_token_id;
    return words;
  });
  const targets = rows.flatMap((row) => row.map((_, at) => nextOf(row, at)));
  return {
    images: tensor(random.normals(batch * media * side * side * 3), [batch, media, 1, side, side, 3]),
    ids: tensor(Int32Array.from(rows.flat()), [batch, length], "int32"),
    targets: tensor(Int32Array.from(targets), [batch, length], "int32"),
  };
}

/** The token after a place, as OpenFlamingo counts it: images are not guessed. */
function nextOf(row: readonly number[], at: number): number {
  const next = row[at + 1];
  return next === undefined || next === tripConfig.media_token_id ? ignored : next;
}

/** Trains for so many steps from seeded weights. The caller disposes them. */
export async function trainedFlamingo(steps: number): Promise<Weights> {
  const { block } = modelOf({ architectures: ["Flamingo"], ...tripConfig });
  const weights = new Weights(3);
  const reading = new Eager(weights);
  const flamingo = instantiate(findBlock(block.type)!, block.config ?? {}, reading) as unknown as (
    inputs: Record<string, Value>,
  ) => Tensor;
  const loss = instantiate(NextTokenLoss, {}, reading);
  const learnt = weights.trainable();
  const optimizer = new Optimizer(learnt, { groups: flamingoGroups(5, 0.1), clip: 1 });
  let held: Tensor[] = [];
  await train({
    weights: learnt,
    optimizer,
    schedule: { rate: 0.02, warmup: 0, after: "constant", steps },
    accumulation: 1,
    from: 0,
    lossOf: (at) => {
      dispose(held);
      const { images, ids, targets } = batchOf(new Random(5).fork(at));
      held = [images, ids, targets];
      return () => loss({ logits: flamingo({ images, ids }), targets }) as Tensor;
    },
    onStep: () => {},
    pausesAfter: () => false,
    betweenSteps: async () => true,
  });
  dispose(held);
  optimizer.dispose();
  return weights;
}
