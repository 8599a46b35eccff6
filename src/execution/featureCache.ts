import { sizeOf } from "../core/shape.ts";
import type { Batch, ImageNames } from "../data/source.ts";
import { capabilities } from "../engine/devices/capabilities.ts";
import { type Tensor, tensor } from "../engine/tensor.ts";
import type { PipelineModel, Values } from "./pipelineModel.ts";

/** Bytes of features that are kept at most, in the machine's memory. */
const mostBytes = 2 ** 30;

/** Features of one node, by the names of their images. */
interface Kept {
  /** Of the features of a whole batch, by their ports. */
  shapes: Readonly<Record<string, readonly number[]>>;
  images: Map<number, Readonly<Record<string, Float32Array>>>;
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
      if (!kept || !names || Object.values(kept.shapes).some((shape) => count(shape) !== names.each.length)) continue;
      const images = names.each.map((name) => kept.images.get(name));
      if (!images.every((image) => image !== undefined)) continue;
      const ports = Object.entries(kept.shapes).map(([port, shape]) => {
        const numbers = new Float32Array(sizeOf({ shape }));
        images.forEach((image, at) => {
          numbers.set(image[port]!, at * image[port]!.length);
        });
        return [port, tensor(numbers, [...shape])];
      });
      values.set(node, Object.fromEntries(ports));
    }
  }

  /** Keeps of a batch's values what is new. Reading them waits for the device, but only until every image was there once. */
  async keep(drawn: ReadonlyMap<string, Batch>, values: Values): Promise<void> {
    for (const node of this.#nodes) {
      const names = this.#namesOf(node, drawn);
      const features = this.#readOf(node, values);
      if (!names || features.length === 0) continue;
      const kept = this.#kept.get(node) ?? this.#begin(node, names, features);
      if (!kept || names.each.every((name) => kept.images.has(name))) continue;
      const numbers: [port: string, data: Float32Array][] = [];
      for (const [port, value] of features) numbers.push([port, (await value.data()) as Float32Array]);
      names.each.forEach((name, at) => {
        if (kept.images.has(name)) return;
        const part = (all: Float32Array) => {
          const size = all.length / names.each.length;
          return all.slice(at * size, (at + 1) * size);
        };
        kept.images.set(name, Object.fromEntries(numbers.map(([port, all]) => [port, part(all)])));
      });
    }
  }

  /** Room for all images of a node; undefined if there is not as much. */
  #begin(node: string, names: ImageNames, features: readonly (readonly [string, Tensor])[]): Kept | undefined {
    const size = features.reduce((sum, [, value]) => sum + value.size, 0);
    const bytes = (names.of * size * Float32Array.BYTES_PER_ELEMENT) / names.each.length;
    if (bytes > this.#bytesLeft) return undefined;
    this.#bytesLeft -= bytes;
    const shapes = Object.fromEntries(features.map(([port, { shape }]) => [port, shape]));
    const kept: Kept = { shapes, images: new Map() };
    this.#kept.set(node, kept);
    return kept;
  }

  /** What another node reads of a node's values, by port: of several outputs the rest is not kept. */
  #readOf(node: string, values: Values): [port: string, value: Tensor][] {
    const read = new Set(this.#model.plan.edges.flatMap(({ from }) => (from[0] === node ? [from[1]] : [])));
    return (Object.entries(values.get(node) ?? {}) as [string, Tensor][]).filter(([port]) => read.has(port));
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
