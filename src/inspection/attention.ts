import { placeName } from "../channels/place.ts";
import type { Probe } from "../engine/readings/eager.ts";
import { keep, type Tensor } from "../engine/tensor.ts";
import type { PlacedBlock } from "./placedBlocks.ts";

/** Attention weights of one attention block. */
export interface SeenAttention {
  block: PlacedBlock;
  /** Mean over heads: [sequences][queries][keys]. */
  weights: number[][][];
  /** [sequences][heads][queries][keys]. */
  heads: number[][][][];
}

/** The blocks whose attention is watched, by the block that their `Attention` stands in. */
const watched = { cross: "MaskedCrossAttention", resampler: "PerceiverAttention" } as const;

/**
 * Watches a model's attention while it computes: from tokens to latents in each gated layer, and from latents to features
 * in each layer of the resampler. Costs one more product and softmax for each, and only while it is in use.
 */
export class AttentionWatch {
  readonly #blocks: ReadonlyMap<string, PlacedBlock>;
  readonly #waiting: { block: PlacedBlock; tensor: Tensor }[] = [];

  /** @param blocks of the model's graph */
  constructor(blocks: readonly PlacedBlock[]) {
    const inside: readonly string[] = Object.values(watched);
    const attention = blocks.filter(({ types }) => types.at(-1) === "Attention" && inside.includes(types.at(-2) ?? ""));
    this.#blocks = new Map(attention.map((block) => [placeName(block), block]));
  }

  /** Give this to `PipelineModel.watched`. */
  get probes(): readonly Probe[] {
    const see = (path: string, tensor: Tensor) =>
      void this.#waiting.push({ block: this.#blocks.get(path)!, tensor: keep(tensor) });
    return [{ of: { probe: "weights" }, at: (path) => this.#blocks.has(path), see }];
  }

  /** Cross-attention of the gated layers, in order, over the latents of all images. */
  cross(): Promise<SeenAttention[]> {
    return this.#read(watched.cross);
  }

  /** Attention of the resampler's layers, in order, over features, then latents. */
  resampler(): Promise<SeenAttention[]> {
    return this.#read(watched.resampler);
  }

  dispose(): void {
    for (const { tensor } of this.#waiting) tensor.dispose();
    this.#waiting.length = 0;
  }

  #read(within: string): Promise<SeenAttention[]> {
    const found = this.#waiting.filter(({ block }) => block.types.at(-2) === within);
    return Promise.all(
      found.map(async ({ block, tensor }) => {
        const heads = await eachHead(tensor);
        return { block, heads, weights: heads.map(mean) };
      }),
    );
  }
}

/** [sequences, heads, queries, keys] as numbers, mean over heads. */
export async function meanOverHeads(tensor: Tensor): Promise<number[][][]> {
  return (await eachHead(tensor)).map(mean);
}

/** [sequences, heads, queries, keys] as numbers. */
async function eachHead(tensor: Tensor): Promise<number[][][][]> {
  const [sequences, heads, queries, keys] = tensor.shape as [number, number, number, number];
  const numbers = await tensor.data();
  const row = (at: number) => Array.from(numbers.subarray(at * keys, (at + 1) * keys));
  return Array.from({ length: sequences }, (_, sequence) =>
    Array.from({ length: heads }, (_, head) =>
      Array.from({ length: queries }, (_, query) => row((sequence * heads + head) * queries + query)),
    ),
  );
}

/** [heads][queries][keys], mean over heads. */
function mean(heads: readonly (readonly (readonly number[])[])[]): number[][] {
  return heads[0]!.map((row, query) =>
    row.map((_, key) => heads.reduce((sum, each) => sum + each[query]![key]!, 0) / heads.length),
  );
}

/**
 * How much of each feature is in each latent after all layers of a resampler: attention rollout, or the plain product.
 *
 * rₗ = ρ rₗ₋₁ + (1 − ρ) (weightsₗ over features + weightsₗ over latents · rₗ₋₁), from 0; each row is then scaled to a sum of 1. ρ stands
 * for the residual connection: ½ is attention rollout, 0 the plain product of the layers' attention.
 *
 * @param layers per layer [latents][features + latents], features first
 * @param residual ρ
 * @returns [latents][features]
 * @see Abnar and Zuidema 2020, Quantifying Attention Flow in Transformers, arXiv:2005.00928
 */
export function rollOut(layers: readonly (readonly (readonly number[])[])[], residual = 0.5): number[][] {
  const latents = layers[0]?.length ?? 0;
  const features = (layers[0]?.[0]?.length ?? 0) - latents;
  let mixed = Array.from({ length: latents }, () => new Array<number>(features).fill(0));
  for (const weights of layers) {
    mixed = weights.map((row, latent) =>
      mixed[latent]!.map((before, feature) => {
        let now = row[feature]!;
        for (let other = 0; other < latents; other++) now += row[features + other]! * mixed[other]![feature]!;
        return residual * before + (1 - residual) * now;
      }),
    );
  }
  return mixed.map((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value) => (sum > 0 ? value / sum : 0));
  });
}
