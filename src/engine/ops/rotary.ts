import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { slice } from "./layout.ts";
import { defineOperation } from "./operation.ts";

export interface RotaryAttributes {
  /** Number of heads; the width is split as "(h d)". */
  heads: number;
  /** Turns the other way: the gradient of turning. */
  back: boolean;
}

/** `turns` [T, d]: for each position the cosines of the angles of all pairs, then their sines. */
export const rotaryOp = defineOperation<{ x: Tensor; turns: Tensor }, RotaryAttributes>({
  name: "Rotary",
  shape: ({ x }) => x.shape,
  formula({ x, turns }, { heads, back }) {
    const [positions, dim] = turns.shape as [number, number];
    const [first, second] = tf.split(tf.reshape(x, [-1, positions, heads, dim]), 2, -1) as [Tensor, Tensor];
    const [cosine, sines] = tf.split(tf.reshape(turns, [positions, 1, dim]), 2, -1) as [Tensor, Tensor];
    const sine = back ? tf.neg(sines) : sines;
    const turnedFirst = tf.sub(tf.mul(first, cosine), tf.mul(second, sine));
    const turnedSecond = tf.add(tf.mul(second, cosine), tf.mul(first, sine));
    return tf.reshape(tf.concat([turnedFirst, turnedSecond], -1), x.shape);
  },
  saves: ["turns"],
  gradient: ({ dy, inputs: { turns } }, { heads, back }) => ({
    x: (): Tensor => rotaryOp.run({ x: dy, turns }, { heads, back: !back }),
  }),
});

export interface RotaryOptions {
  /** Number of heads; the width is split as "(h d)". */
  heads: number;
  /** Position of the first vector. */
  start?: number;
  /** How far each pair turns a position, in radians; base^(−2i/d) with a base of 10,000 by default. */
  frequencies?: readonly number[];
  /** What turned channels are multiplied by; 1 by default. */
  magnitude?: number;
}

/** base^(−2i/d) for the d/2 pairs of a head: how far each turns a position, in radians. */
export function rotaryFrequencies(dim: number, base = 10_000): number[] {
  return Array.from({ length: dim / 2 }, (_, pair) => base ** ((-2 * pair) / dim));
}

/**
 * Rotary position embedding: turns the pair (x[i], x[i + r/2]) of each head by the angle (start + t)·frequencies[i], so that a
 * product of two vectors knows how far apart they stand. r is twice the number of frequencies; the channels of a head from r on stay
 * as they are. The halves pair up as in LLaMA and GPT-NeoX.
 *
 * Shapes: `x` [..., T, heads·d], result as `x`. Source: Su et al. 2021, RoFormer, arXiv:2104.09864.
 *
 * @throws FlamingoError SHAPE_MISMATCH if the heads do not share the width evenly, in pairs.
 */
export function rotary(x: Tensor, { heads, start = 0, frequencies, magnitude = 1 }: RotaryOptions): Tensor {
  const width = x.shape.at(-1)!;
  const dim = width / heads;
  if (!frequencies || 2 * frequencies.length === dim) return turn(x, heads, start, magnitude, frequencies);
  const rotated = 2 * frequencies.length;
  const [lead, size] = [x.shape.slice(0, -1), [...x.shape.slice(0, -1), heads]];
  const perHead = tf.reshape(x, [-1, dim]);
  const rows = perHead.shape[0]!;
  const front = tf.reshape(slice(perHead, [0, 0], [rows, rotated]), [...lead, heads * rotated]);
  const turned = tf.reshape(turn(front, heads, start, magnitude, frequencies), [...size, rotated]);
  const rest = tf.reshape(slice(perHead, [0, rotated], [rows, dim - rotated]), [...size, dim - rotated]);
  return tf.reshape(tf.concat([turned, rest], -1), x.shape);
}

/** All channels of each head. */
function turn(
  x: Tensor,
  heads: number,
  start: number,
  magnitude: number,
  frequencies: readonly number[] | undefined,
): Tensor {
  const [positions, width] = x.shape.slice(-2) as [number, number];
  const dim = width / heads;
  if (dim % 2 !== 0)
    throw new FlamingoError("SHAPE_MISMATCH", `${heads} heads cannot turn vectors of width ${width} in pairs`, {
      fix: "make the width an even multiple of the number of heads",
    });
  const turns = tf.tensor(cosinesAndSines(start, positions, magnitude, frequencies ?? rotaryFrequencies(dim)), [
    positions,
    dim,
  ]);
  return rotaryOp.run({ x, turns }, { heads, back: false });
}

/** A row for each position from 0 on, by the frequencies: every layer asks for the same ones. */
const known = new Map<string, Float32Array>();
/** Frequencies that change with the length of a text are new ones each time. */
const mostKnown = 16;

/** A row for each position: cosines of the angles of all pairs, then their sines, times the magnitude. In double precision, as angles get large. */
function cosinesAndSines(
  start: number,
  positions: number,
  magnitude: number,
  frequencies: readonly number[],
): Float32Array {
  const name = `${magnitude}: ${frequencies.join()}`;
  const pairs = frequencies.length;
  const end = (start + positions) * 2 * pairs;
  let rows = known.get(name);
  if (!rows || rows.length < end) {
    rows = new Float32Array(2 * end);
    for (let at = 0; at < rows.length; at++) {
      const channel = at % (2 * pairs);
      const angle = Math.floor(at / (2 * pairs)) * frequencies[channel % pairs]!;
      rows[at] = magnitude * (channel < pairs ? Math.cos(angle) : Math.sin(angle));
    }
    if (known.size >= mostKnown) known.clear();
    known.set(name, rows);
  }
  return rows.slice(start * 2 * pairs, end);
}
