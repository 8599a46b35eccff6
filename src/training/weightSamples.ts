import { evenSample } from "../engine/ops/layout.ts";
import type { Weight } from "../engine/readings/weights.ts";
import { concat, type Tensor, tidy } from "../engine/tensor.ts";

/** Numbers of each weight and of its gradient, weight by weight; none of the gradient of a weight that took no part. */
export interface WeightSamples {
  weights: Float32Array[];
  gradients: Float32Array[];
}

/**
 * Reads at most so many numbers of each weight and each gradient, evenly spaced, all at once.
 * @param gradients one a weight; null for a weight that took no part
 * @param scale the loss scale that the gradients carry
 */
export async function readWeightSamples(
  weights: readonly Weight[],
  gradients: readonly (Tensor | null)[],
  most: number,
  scale: number,
): Promise<WeightSamples> {
  const tensors: (Tensor | null)[] = [...weights.map(({ variable }) => variable), ...gradients];
  const lengths: number[] = [];
  const joined = tidy(() => {
    const samples = tensors.map((tensor) => tensor && evenSample(tensor, most));
    lengths.push(...samples.map((sample) => sample?.size ?? 0));
    return concat(samples.flatMap((sample) => sample ?? []));
  });
  const numbers = (await joined.data()) as Float32Array;
  joined.dispose();
  let end = 0;
  const parts = lengths.map((length) => {
    end += length;
    return numbers.subarray(end - length, end);
  });
  const own = parts.slice(weights.length);
  return { weights: parts.slice(0, weights.length), gradients: own.map((part) => part.map((value) => value / scale)) };
}
