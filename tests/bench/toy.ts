import { closeSync, existsSync, openSync, readSync, writeSync } from "node:fs";
import { sizeOf } from "../../src/core/shape.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { quickGelu } from "../../src/engine/ops/activations.ts";
import { type AdamWParameter, adamW } from "../../src/engine/ops/adamW.ts";
import { attention } from "../../src/engine/ops/attention.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { add, gatedAdd, scale } from "../../src/engine/ops/elementwise.ts";
import { embedding } from "../../src/engine/ops/embedding.ts";
import { matMul } from "../../src/engine/ops/matMul.ts";
import { layerNorm } from "../../src/engine/ops/norms.ts";
import * as tf from "../../src/engine/tensor.ts";
import type { Peer } from "./peer.ts";

/** Sizes besides width and batch. */
export interface ToySizes {
  /** Words of a text. */
  length: number;
  layers: number;
  heads: number;
  vocabulary: number;
  /** What the vision encoder gives for an image, and what the resampler makes of it. */
  features: number;
  latents: number;
  resamplerLayers: number;
}

const small: ToySizes = {
  ...{ length: 32, layers: 4, heads: 4, vocabulary: 512 },
  ...{ features: 64, latents: 16, resamplerLayers: 2 },
};

/** Numbers of a toy: all weights one after the other in the order of `shapesOf`, then what goes in. */
export interface ToyNumbers {
  weights: Float32Array;
  vision: Float32Array;
  ids: Int32Array;
  targets: Int32Array;
}

/** A small Flamingo, everything trained: what the time of a training step is measured on. */
export interface Toy {
  parameters: number;
  loss(): tf.Tensor;
  /** One step of Adam; returns the loss before it, which is still on the device. */
  advance(): tf.Tensor;
  /** The same, and reads the loss. */
  step(): Promise<number>;
  dispose(): void;
}

type Layer = Record<"query" | "key" | "value" | "output" | "up" | "down", tf.Variable>;
type FusionLayer = Layer & Record<"attentionGate" | "feedForwardGate", tf.Variable>;

/** Shapes of the weights in order: resampler, decoder, fusion layers with their two gates, latents, embedding. */
export function shapesOf(width: number, sizes = small): number[][] {
  const square = [width, width];
  const layer = [square, square, square, square, [width, 4 * width], [4 * width, width]];
  const times = <T>(count: number, part: T[]): T[] => Array.from({ length: count }, () => part).flat();
  return [
    ...times(sizes.resamplerLayers, layer),
    ...times(sizes.layers, layer),
    ...times(sizes.layers, [...layer, [1], [1]]),
    [sizes.latents, width],
    [sizes.vocabulary, width],
  ];
}

/** Normal numbers as they are at the start of training: weights of 0.02, gates closed; from a seed. */
export function drawNumbers(width: number, batch: number, seed: number, gates = 0, sizes = small): ToyNumbers {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const shapes = shapesOf(width, sizes);
  const weights = new Float32Array(shapes.reduce((count, shape) => count + sizeOf({ shape }), 0));
  // After four million they come again: to draw all of a large model takes a minute.
  const drawn = Math.min(weights.length, 4_194_301);
  for (let at = 0; at < drawn; at++) weights[at] = 0.02 * normal();
  for (let filled = drawn; filled < weights.length; filled *= 2) weights.copyWithin(filled, 0, filled);
  let at = 0;
  for (const shape of shapes) {
    if (sizeOf({ shape }) === 1) weights[at] = gates;
    at += sizeOf({ shape });
  }
  const { features, length, vocabulary } = sizes;
  const words = () => Int32Array.from({ length: batch * length }, () => Math.floor(uniform() * vocabulary));
  const vision = Float32Array.from({ length: batch * features * width }, normal);
  return { weights, vision, ids: words(), targets: words() };
}

/** @param lossScale keeps small gradients from vanishing where products are in half precision */
export function makeToy(width: number, batch: number, numbers: ToyNumbers, sizes = small, lossScale = 1): Toy {
  let at = 0;
  const variables = shapesOf(width, sizes).map((shape) => {
    const values = numbers.weights.slice(at, at + sizeOf({ shape }));
    at += sizeOf({ shape });
    return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
  });
  const { length, features } = sizes;
  const given: Given = {
    vision: tf.tensor(numbers.vision, [batch, features, width]),
    ids: tf.tensor(numbers.ids, [batch, length]),
    targets: tf.tensor(numbers.targets),
  };
  const loss = assemble(batch, variables, given, sizes);
  const zeros = () => variables.map((variable) => tf.tidy(() => tf.variable(tf.zeros(variable.shape))));
  const [m, v] = [zeros(), zeros()];
  let steps = 0;
  const advance = () => {
    const { value, gradients } = valueAndGradients(() => scale(loss(), lossScale), variables);
    const parameters = variables.map(
      (variable, i): AdamWParameter => ({
        ...{ value: variable, gradient: gradients[i]!, m: m[i]!, v: v[i]! },
        ...{ rate: 1e-3, decay: 0 },
      }),
    );
    adamW(parameters, { step: ++steps, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: 1 / lossScale });
    tf.dispose(gradients as tf.Tensor[]);
    const before = scale(value, 1 / lossScale);
    value.dispose();
    return before;
  };
  return {
    parameters: numbers.weights.length,
    loss,
    advance,
    async step() {
      const value = advance();
      const [before] = await value.data();
      value.dispose();
      return before!;
    },
    dispose: () => tf.dispose([variables, m, v, Object.values(given)]),
  };
}

/** What goes in, on the device once and for all, as it is in PyTorch. */
type Given = Record<"vision" | "ids" | "targets", tf.Tensor>;

function assemble(
  batch: number,
  variables: readonly tf.Variable[],
  { vision, ids, targets }: Given,
  sizes: ToySizes,
): () => tf.Tensor {
  const queue = [...variables];
  const next = () => queue.shift()!;
  const layer = (): Layer => ({ query: next(), key: next(), value: next(), output: next(), up: next(), down: next() });
  const fusionLayer = (): FusionLayer => ({ ...layer(), attentionGate: next(), feedForwardGate: next() });
  const resampler = Array.from({ length: sizes.resamplerLayers }, layer);
  const decoder = Array.from({ length: sizes.layers }, layer);
  const fusion = Array.from({ length: sizes.layers }, fusionLayer);
  const [latents, table] = [next(), next()];
  const { heads, length } = sizes;

  const attend = (queries: tf.Tensor, seen: tf.Tensor, w: Layer, causal = false) => {
    const [query, key, value] = [matMul(queries, w.query), matMul(seen, w.key), matMul(seen, w.value)];
    return matMul(attention(query, key, value, { heads, causal }), w.output);
  };
  const feedForward = (x: tf.Tensor, w: Layer) => matMul(quickGelu(matMul(layerNorm(x), w.up)), w.down);

  return () => {
    let media: tf.Tensor = tf.tile(tf.expandDims(latents), [batch, 1, 1]);
    for (const w of resampler) {
      media = add(media, attend(layerNorm(media), tf.concat([vision, media], 1), w));
      media = add(media, feedForward(media, w));
    }
    let x = embedding(table, ids);
    for (const [at, w] of decoder.entries()) {
      const g = fusion[at]!;
      x = gatedAdd(x, attend(layerNorm(x), media, g), g.attentionGate);
      x = gatedAdd(x, feedForward(x, g), g.feedForwardGate);
      const normal = layerNorm(x);
      x = add(x, attend(normal, normal, w, true));
      x = add(x, feedForward(x, w));
    }
    const logits = matMul(layerNorm(x), table, { transposeB: true });
    return crossEntropy(tf.reshape(logits, [batch * length, -1]), targets).loss;
  };
}

/** How the twin differs from ours on the CPU. */
export interface TwinOptions {
  sizes?: ToySizes;
  device?: "cpu" | "cuda";
  precision?: "float32" | "float16";
}

/** Makes the twin on the same numbers, or on those in a file; returns what it is. */
export async function openTwin(
  peer: Peer,
  width: number,
  batch: number,
  numbers: ToyNumbers | string,
  options: TwinOptions = {},
): Promise<string> {
  const path = typeof numbers === "string" ? numbers : peer.file("numbers");
  if (typeof numbers !== "string") writeArrays(path, arraysOf(numbers));
  return peer.open({ width, batch, numbers: path, ...options });
}

const arraysOf = ({ weights, vision, ids, targets }: ToyNumbers) => [weights, vision, ids, targets];

/** The numbers of a file: drawn and written by the first who asks for them, read by all others. */
export function numbersIn(path: string, width: number, batch: number, sizes: ToySizes): ToyNumbers {
  if (!existsSync(path)) {
    const drawn = drawNumbers(width, batch, width, 0.1, sizes);
    writeArrays(path, arraysOf(drawn));
    return drawn;
  }
  const count = shapesOf(width, sizes).reduce((sum, shape) => sum + sizeOf({ shape }), 0);
  const words = batch * sizes.length;
  const numbers: ToyNumbers = {
    weights: new Float32Array(count),
    vision: new Float32Array(batch * sizes.features * width),
    ids: new Int32Array(words),
    targets: new Int32Array(words),
  };
  const file = openSync(path, "r");
  for (const piece of arraysOf(numbers).flatMap(piecesOf))
    if (readSync(file, piece) < piece.length) throw new Error(`${path} is cut short`);
  closeSync(file);
  return numbers;
}

function writeArrays(path: string, arrays: readonly (Float32Array | Int32Array)[]): void {
  const file = openSync(path, "w");
  for (const piece of arrays.flatMap(piecesOf)) writeSync(file, piece);
  closeSync(file);
}

/** An array's bytes, piece by piece: a large model's weights are more than Node reads and writes at once. */
function piecesOf({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Uint8Array[] {
  const piece = 2 ** 28;
  return Array.from(
    { length: Math.ceil(byteLength / piece) },
    (_, at) => new Uint8Array(buffer, byteOffset + at * piece, Math.min(piece, byteLength - at * piece)),
  );
}
