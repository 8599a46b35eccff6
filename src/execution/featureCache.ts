import { sizeOf } from "../core/shape.ts";
import type { Batch, ImageNames } from "../data/source.ts";
import { capabilities } from "../engine/devices/capabilities.ts";
import { type Tensor, tensor } from "../engine/tensor.ts";
import type { PipelineModel, Values } from "./pipelineModel.ts";

/** Bytes of features that are kept at most, in the machine's memory. */
const mostBytes = 2 ** 30;

/** Features of one node, by the names of their images. */
interface Kept {
  /** Of the features of a whole batch. */
  shape: readonly number[];
  images: Map<number, Float32Array>;
}

/**
 * Keeps the features that frozen encoders give, so that they are computed once for each image, and not once for each time
 * it comes.
 *
 * It keeps where the source names its images: what is augmented never comes again, and has no name. Features are recalled
 * for a whole batch or not at all, since a product of fewer rows may round otherwise: so they have the bits that they had
 * if they were computed again. Where those depend on an image's neighbours (a device whose rows do not keep their bits), or where the features of all
 * images would take more than the budget, nothing is kept.
 */
export class FeatureCache {
  readonly #model: PipelineModel;
  readonly #nodes: readonly string[];
  readonly #kept = new Map<string, Kept>();
  #bytesLeft: number;

  /** @param nodes ids of those that learn nothing; others are never looked at */
  constructor(model: PipelineModel, nodes: readonly string[], budget = mostBytes) {
    this.#model = model;
    this.#nodes = capabilities().rowsKeepBits ? nodes.filter((id) => model.imagesOf(id)) : [];
    this.#bytesLeft = budget;
  }

  /** Adds to a batch's values the features of those nodes whose images were all seen before. The caller disposes them. */
  recall(drawn: ReadonlyMap<string, Batch>, values: Values): void {
    for (const node of this.#nodes) {
      const kept = this.#kept.get(node);
      const names = this.#namesOf(node, drawn);
      if (!kept || names?.each.length !== count(kept.shape)) continue;
      const images = names.each.map((name) => kept.images.get(name));
      if (!images.every((image) => image !== undefined)) continue;
      const numbers = new Float32Array(images.length * images[0]!.length);
      images.forEach((image, at) => {
        numbers.set(image, at * image.length);
      });
      const [port] = Object.keys(this.#model.node(node).outputs);
      values.set(node, { [port!]: tensor(numbers, [...kept.shape]) });
    }
  }

  /** Keeps of a batch's values what is new. Reading them waits for the device, but only until every image was there once. */
  async keep(drawn: ReadonlyMap<string, Batch>, values: Values): Promise<void> {
    for (const node of this.#nodes) {
      const names = this.#namesOf(node, drawn);
      const [features] = Object.values(values.get(node) ?? {}) as Tensor[];
      if (!names || !features) continue;
      const kept = this.#kept.get(node) ?? this.#begin(node, names, features);
      if (!kept || names.each.every((name) => kept.images.has(name))) continue;
      const numbers = (await features.data()) as Float32Array;
      const size = numbers.length / names.each.length;
      names.each.forEach((name, at) => {
        if (!kept.images.has(name)) kept.images.set(name, numbers.slice(at * size, (at + 1) * size));
      });
    }
  }

  /** Room for all images of a node; undefined if there is not as much. */
  #begin(node: string, names: ImageNames, { shape, size }: Tensor): Kept | undefined {
    const bytes = (names.of * size * Float32Array.BYTES_PER_ELEMENT) / names.each.length;
    if (bytes > this.#bytesLeft) return undefined;
    this.#bytesLeft -= bytes;
    const kept = { shape, images: new Map<number, Float32Array>() };
    this.#kept.set(node, kept);
    return kept;
  }

  #namesOf(node: string, drawn: ReadonlyMap<string, Batch>): ImageNames | undefined {
    const from = this.#model.imagesOf(node)!;
    return drawn.get(from.node)?.[from.port]?.names;
  }
}

/** Images of a batch of features [batch, media, frames, ...]. */
function count(shape: readonly number[]): number {
  return sizeOf({ shape: shape.slice(0, 3) });
}
