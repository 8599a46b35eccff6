import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
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
  /** Pair i of d/2 turns by base^(−2i/d) a position. */
  base?: number;
}

/**
 * Rotary position embedding: turns the pair (x[i], x[i + d/2]) of each head by the angle (start + t)·base^(−2i/d), so that a
 * product of two vectors knows how far apart they stand. The halves pair up as in LLaMA and GPT-NeoX.
 *
 * Shapes: `x` [..., T, heads·d], result as `x`. Source: Su et al. 2021, RoFormer, arXiv:2104.09864.
 *
 * @throws FlamingoError SHAPE_MISMATCH if the heads do not share the width evenly, in pairs.
 */
export function rotary(x: Tensor, { heads, start = 0, base = 10_000 }: RotaryOptions): Tensor {
  const [positions, width] = x.shape.slice(-2) as [number, number];
  const dim = width / heads;
  if (dim % 2 !== 0)
    throw new FlamingoError("SHAPE_MISMATCH", `${heads} heads cannot turn vectors of width ${width} in pairs`, {
      fix: "make the width an even multiple of the number of heads",
    });
  const turns = tf.tensor(cosinesAndSines(start, positions, dim, base), [positions, dim]);
  return rotaryOp.run({ x, turns }, { heads, back: false });
}

/** A row for each position from 0 on, by width and base: every layer asks for the same ones. */
const known = new Map<string, Float32Array>();

/** A row for each position: cosines of the angles of all pairs, then their sines. In double precision, as angles get large. */
function cosinesAndSines(start: number, positions: number, dim: number, base: number): Float32Array {
  const name = `${dim} ${base}`;
  const end = (start + positions) * dim;
  let rows = known.get(name);
  if (!rows || rows.length < end) {
    rows = new Float32Array(2 * end);
    for (let at = 0; at < rows.length; at++) {
      const channel = at % dim;
      const pair = channel % (dim / 2);
      const angle = Math.floor(at / dim) * base ** ((-2 * pair) / dim);
      rows[at] = channel < dim / 2 ? Math.cos(angle) : Math.sin(angle);
    }
    known.set(name, rows);
  }
  return rows.slice(start * dim, end);
}
