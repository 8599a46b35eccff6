import type { Probe } from "../engine/readings/eager.ts";
import { keep, type Tensor } from "../engine/tensor.ts";

/** Attention shares that were seen at one place, mean over heads: [sequences][queries][keys]. */
export interface Look {
  path: string;
  shares: number[][][];
}

/**
 * Watches a model's attention while it computes: from words to visual tokens in each gated layer, and from latents to
 * visual features in each layer of the resampler. Costs one more product and softmax at each place, and only while it
 * is in use.
 */
export class AttentionWatch {
  readonly #waiting: { looks: string; path: string; tensor: Tensor }[] = [];

  /** Give these to `Graph.watched`. */
  readonly probes: readonly Probe[] = ["media", "features"].map((looks) => ({
    name: "weights",
    at: (_path: string, config: Readonly<Record<string, unknown>>) => config.looks === looks,
    see: (path: string, tensor: Tensor) => void this.#waiting.push({ looks, path, tensor: keep(tensor) }),
  }));

  /** What gated layers looked at, in order: shares over visual tokens of all images. */
  cross(): Promise<Look[]> {
    return this.#read("media");
  }

  /** What the resampler's layers looked at, in order: shares over features, then latents. */
  resampler(): Promise<Look[]> {
    return this.#read("features");
  }

  dispose(): void {
    for (const { tensor } of this.#waiting) tensor.dispose();
    this.#waiting.length = 0;
  }

  #read(looks: string): Promise<Look[]> {
    const found = this.#waiting.filter((each) => each.looks === looks);
    return Promise.all(found.map(async ({ path, tensor }) => ({ path, shares: await meanOverHeads(tensor) })));
  }
}

/** [sequences, heads, queries, keys] as numbers, mean over heads. */
export async function meanOverHeads(tensor: Tensor): Promise<number[][][]> {
  const [sequences, heads, queries, keys] = tensor.shape as [number, number, number, number];
  const numbers = await tensor.data();
  return Array.from({ length: sequences }, (_, sequence) =>
    Array.from({ length: queries }, (_, query) =>
      Array.from({ length: keys }, (_, key) => {
        let sum = 0;
        for (let head = 0; head < heads; head++)
          sum += numbers[((sequence * heads + head) * queries + query) * keys + key]!;
        return sum / heads;
      }),
    ),
  );
}

/**
 * How much each latent has seen of each feature after all layers of a resampler: attention rollout.
 *
 * seenₗ = ½ seenₗ₋₁ + ½ (sharesₗ over features + sharesₗ over latents · seenₗ₋₁), from 0; each row is then brought to a
 * sum of 1. Half stands for the residual connection.
 *
 * @param layers per layer [latents][features + latents], features first
 * @returns [latents][features]
 * @see Abnar and Zuidema 2020, Quantifying Attention Flow in Transformers, arXiv:2005.00928
 */
export function rollOut(layers: readonly (readonly (readonly number[])[])[]): number[][] {
  const latents = layers[0]?.length ?? 0;
  const features = (layers[0]?.[0]?.length ?? 0) - latents;
  let seen = Array.from({ length: latents }, () => new Array<number>(features).fill(0));
  for (const shares of layers) {
    seen = shares.map((row, latent) =>
      seen[latent]!.map((before, feature) => {
        let now = row[feature]!;
        for (let other = 0; other < latents; other++) now += row[features + other]! * seen[other]![feature]!;
        return 0.5 * before + 0.5 * now;
      }),
    );
  }
  return seen.map((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value) => (sum > 0 ? value / sum : 0));
  });
}
