import { FlamingoError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import type { WeightData } from "../core/weight.ts";

/** A tensor of another library, and the weights of ours that are in it. */
export interface Counterpart {
  /** The other library's name. */
  theirs: string;
  /** Other names under which it may be stored: those of weights that are tied to it. */
  aliases?: readonly string[];
  /** Our weights: one, or several that the other library keeps in one tensor, one after the other along their first axis. */
  ours: readonly string[];
  /** The other library keeps the input axis first, as GPT-2's Conv1D does. */
  transposed?: boolean;
  /** The rows of our weights are interleaved by head; this is the number of heads, as in GPT-NeoX' `query_key_value`. */
  heads?: number;
  /** The tensor may have further rows after ours, which are left out: those of a vocabulary that became smaller. */
  cut?: boolean;
}

/** All tensors of a model in another library, and the weights of ours that they hold. */
export type NameMap = readonly Counterpart[];

/**
 * Our weights out of a tensor of the other library. Gradients are the same way from theirs to ours.
 *
 * @param shapeOf the shape of a weight of ours
 * @throws FlamingoError INVALID_WEIGHTS if the tensor has another shape than they make
 */
export function toOurs(
  counterpart: Counterpart,
  tensor: WeightData,
  shapeOf: (weight: string) => readonly number[],
): Map<string, WeightData> {
  const { theirs, ours, transposed, heads = 1 } = counterpart;
  const shapes = ours.map(shapeOf);
  const expected = theirShape(counterpart, shapes);
  if (String(tensor.shape) !== String(expected)) throw wrongShape(theirs, tensor.shape, expected);
  const data = transposed ? transpose(tensor) : tensor.data;
  const result = new Map(
    ours.map((name, at) => [name, { shape: shapes[at]!, data: new Float32Array(sizeOf({ shape: shapes[at]! })) }]),
  );
  let from = 0;
  for (let head = 0; head < heads; head++)
    for (const { data: numbers } of result.values()) {
      const part = numbers.length / heads;
      numbers.set(data.subarray(from, from + part), head * part);
      from += part;
    }
  return result;
}

/** The tensor of the other library that holds these weights of ours: what `toOurs` divides. */
export function toTheirs(counterpart: Counterpart, weightOf: (weight: string) => WeightData): WeightData {
  const { ours, transposed, heads = 1 } = counterpart;
  const weights = ours.map(weightOf);
  const data = new Float32Array(weights.reduce((sum, weight) => sum + weight.data.length, 0));
  let to = 0;
  for (let head = 0; head < heads; head++)
    for (const { data: numbers } of weights) {
      const part = numbers.length / heads;
      data.set(numbers.subarray(head * part, (head + 1) * part), to);
      to += part;
    }
  const shape = joinedShape(weights.map((weight) => weight.shape));
  if (!transposed) return { shape, data };
  return { shape: [...shape].reverse(), data: transpose({ shape, data }) };
}

/** The shape of the other library's tensor for weights of these shapes. */
export function theirShape({ transposed }: Counterpart, ours: readonly (readonly number[])[]): number[] {
  const shape = joinedShape(ours);
  return transposed ? shape.reverse() : shape;
}

/** One after the other along the first axis. */
function joinedShape(shapes: readonly (readonly number[])[]): number[] {
  if (shapes.length === 1) return [...shapes[0]!]; // which may be that of a scalar
  return [shapes.reduce((rows, [first]) => rows + first!, 0), ...shapes[0]!.slice(1)];
}

/** The numbers of a matrix of the reversed shape, column by column. */
function transpose({ shape, data }: WeightData): Float32Array {
  if (shape.length < 2) return data;
  const [rows, columns] = shape as [number, number];
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = data[row * columns + column]!;
  return turned;
}

function wrongShape(name: string, actual: readonly number[], expected: readonly number[]): FlamingoError {
  return new FlamingoError(
    "INVALID_WEIGHTS",
    `"${name}" has shape [${actual}], but the configuration gives [${expected}]`,
    {
      source: name,
      ...{ actual, expected },
      fix: "use the config.json that belongs to the weights",
    },
  );
}
