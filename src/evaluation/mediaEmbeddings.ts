import type { Media } from "../data/media.ts";
import { mean, reshape, type Tensor, tidy } from "../engine/tensor.ts";
import { imagesOf } from "./mediaEncoder.ts";

/** Media that are encoded at once. */
const atOnce = 64;

/**
 * A vector of length 1 for each of the media: the mean of its features. The product of two says how similar they are.
 * @param featuresOf a vision encoder: images [media, 1, frames, size, size, 3] to features [media, 1, frames, features, visualDim]
 * @see Alayrac et al. 2022, Flamingo, appendix C (RICES: similarity by the frozen vision encoder), arXiv:2204.14198; Yang et al. 2022
 */
export async function mediaEmbeddings(
  media: readonly Media[],
  featuresOf: (images: Tensor) => Tensor,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < media.length; start += atOnce) {
    const part = media.slice(start, start + atOnce);
    const means = tidy(() => {
      const features = featuresOf(imagesOf(part.map((each) => [each])));
      return mean(reshape(features, [part.length, -1, features.shape.at(-1)!]), 1);
    });
    const numbers = (await means.data()) as Float32Array;
    means.dispose();
    const width = numbers.length / part.length;
    part.forEach((_, row) => {
      vectors.push(toLengthOne(numbers.slice(row * width, (row + 1) * width)));
    });
  }
  return vectors;
}

function toLengthOne(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}
