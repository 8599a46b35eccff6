import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { hasKernel, runKernel } from "./kernels.ts";

export interface RotaryOptions {
  /** Number of heads; the width is split as "(h d)". */
  heads: number;
  /** The place of the first vector: how many came before it. */
  start?: number;
  /** Pair i of d/2 turns by base^(−2i/d) a place. */
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
  const [places, width] = x.shape.slice(-2) as [number, number];
  const dim = width / heads;
  if (dim % 2 !== 0)
    throw new FlamingoError("SHAPE_MISMATCH", `${heads} heads cannot turn vectors of width ${width} in pairs`, {
      fix: "make the width an even multiple of the number of heads",
    });
  const turns = tf.tensor(cosinesAndSines(start, places, dim, base), [places, dim]);
  if (hasKernel("FlamingoRotary")) return runKernel("FlamingoRotary", { x, turns }, { heads, back: false });
  const [first, second] = tf.split(tf.reshape(x, [-1, places, heads, dim]), 2, -1) as [Tensor, Tensor];
  const [cosine, sine] = tf.split(tf.reshape(turns, [places, 1, dim]), 2, -1) as [Tensor, Tensor];
  const turnedFirst = tf.sub(tf.mul(first, cosine), tf.mul(second, sine));
  const turnedSecond = tf.add(tf.mul(second, cosine), tf.mul(first, sine));
  return tf.reshape(tf.concat([turnedFirst, turnedSecond], -1), x.shape);
}

/** A row a place from 0 on, by width and base: every layer asks for the same ones. */
const known = new Map<string, Float32Array>();

/** A row a place: cosines of the angles of all pairs, then their sines. Computed here in double precision, as angles get large. */
function cosinesAndSines(start: number, places: number, dim: number, base: number): Float32Array {
  const name = `${dim} ${base}`;
  const end = (start + places) * dim;
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
