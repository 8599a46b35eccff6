import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import { unrecorded } from "../autodiff/tfjsInternals.ts";
import type { Tensor } from "../tensor.ts";
import { matMul } from "./matMul.ts";
import { defineOperation } from "./operation.ts";

export interface AttentionAttributes {
  /** Number of heads; the width is split as "(h d)": the first d channels are head 0. */
  heads: number;
  /** Factor of the scores. */
  scale: number;
  /** Key j is visible to query i if j ≤ i + (Tk − Tq): the last query sees all keys. */
  causal: boolean;
  /** ALiBi, one slope for each head: head h loses slopes[h]·(i + Tk − Tq − j) from its score. A slope of 0 is no penalty. */
  slopes?: readonly number[];
  /**
   * What a query gives that may attend to nothing: "zero" gives zeros; "uniform" the mean of all values, as filling the
   * scores with the smallest number does in OpenFlamingo.
   */
  emptyRows: "zero" | "uniform";
  /** Keys and values that count; those behind them are room for later ones. */
  keys: number;
}

type Inputs = { query: Tensor; key: Tensor; value: Tensor; mask?: Tensor };

export const attentionOp = defineOperation<Inputs, AttentionAttributes>({
  name: "Attention",
  check({ query, key, mask }, { heads, keys, slopes }) {
    const width = query.shape[2]!;
    if (width % heads !== 0 || key.shape[2] !== width) throw unequalWidths(width, key.shape[2]!, heads);
    if (mask && keys % mask.shape[2]! !== 0) throw unevenMask(mask.shape[2]!, keys);
    if (slopes && slopes.length !== heads) throw wrongSlopes(slopes.length, heads);
  },
  shape: ({ query }) => query.shape,
  formula({ query, key: allKeys, value: allValues, mask }, attributes) {
    const [key, value] = [allKeys, allValues].map((x) => firstPositions(x, attributes.keys));
    const visible = visibility(mask, attributes, query.shape[1]!);
    const mixed = mix(weigh(query, key!, visible, attributes), splitHeads(value!, attributes.heads), visible);
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), query.shape);
  },
});

export interface AttentionOptions extends Partial<Omit<AttentionAttributes, "heads" | "scale">> {
  heads: number;
  /** Factor of the scores; d^−½ by default. */
  scale?: number | undefined;
  /** [B, Tq, G], bool or int32, nonzero = may attend; G divides Tk, column g covers Tk/G neighbouring keys. */
  mask?: Tensor;
}

/**
 * Multi-head scaled dot-product attention: softmax(scale·q·kᵀ − slopes·distance, over the visible keys)·v, per head.
 *
 * Shapes: `query` [B, Tq, heads·d], `key` and `value` [B, Tk, heads·d], result [B, Tq, heads·d]. `scale` is d^−½ by default.
 * `mask` gets no gradient, and with fewer `keys` than there is room for nothing does. A query is independent of what it does
 * not see: also of NaN and infinity there.
 *
 * Source: Vaswani et al. 2017, arXiv:1706.03762; ALiBi: Press et al. 2022, arXiv:2108.12409.
 *
 * @throws FlamingoError SHAPE_MISMATCH if heads do not divide the width, the mask's columns do not divide the keys, or the slopes
 * are not one for each head
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { mask } = options;
  return attentionOp.run({ query, key, value, ...(mask && { mask }) }, attributesOf(query, key, options));
}

/** The weights that `attention` gives the values: [B, heads, Tq, Tk]. For inspection: it holds them all at once. */
export function attentionWeights(query: Tensor, key: Tensor, options: AttentionOptions): Tensor {
  const attributes = attributesOf(query, key, options);
  return tf.tidy(() => weigh(query, key, visibility(options.mask, attributes, query.shape[1]!), attributes));
}

/**
 * ALiBi's slopes for so many heads: for n a power of two the geometric series 2^(−8/n), 2^(−16/n), ..., 2^(−8). For other numbers the
 * series of the next smaller power of two, followed by every second slope of the next larger one's.
 *
 * Source: Press et al. 2022, arXiv:2108.12409; MPT and BLOOM take the same.
 */
export function alibiSlopes(heads: number): number[] {
  const series = (count: number) => Array.from({ length: count }, (_, at) => 2 ** ((-8 * (at + 1)) / count));
  const whole = 2 ** Math.floor(Math.log2(heads));
  const between = series(2 * whole).filter((_, at) => at % 2 === 0);
  return [...series(whole), ...between.slice(0, heads - whole)];
}

function attributesOf(query: Tensor, key: Tensor, options: AttentionOptions): AttentionAttributes {
  const { heads, slopes } = options;
  return {
    heads,
    scale: options.scale ?? (query.shape[2]! / heads) ** -0.5,
    causal: options.causal ?? false,
    emptyRows: options.emptyRows ?? "zero",
    keys: options.keys ?? key.shape[1]!,
    ...(slopes && { slopes }),
  };
}

function firstPositions(x: Tensor, count: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return count === length ? x : tf.slice(x, [0, 0, 0], [batch, count, width]);
}

/** [B, T, heads·d] to [B, heads, T, d]. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

function weigh(query: Tensor, key: Tensor, visible: Tensor | undefined, attributes: AttentionAttributes): Tensor {
  const { heads, slopes, scale, emptyRows } = attributes;
  const products = matMul(splitHeads(query, heads), splitHeads(key, heads), { transposeB: true });
  const scaled = tf.mul(products, scale);
  const scores = slopes ? tf.sub(scaled, distances(slopes, query.shape[1]!, key.shape[1]!)) : scaled;
  if (!visible) return tf.softmax(scores);
  // A row without any visible key comes out uniform, because all its scores are then the same.
  const weights = tf.softmax(tf.where(tf.cast(visible, "bool"), scores, tf.fill(scores.shape, -1e30)));
  return emptyRows === "zero"
    ? tf.where(tf.cast(tf.max(visible, -1, true), "bool"), weights, tf.zerosLike(weights))
    : weights;
}

/** The sum of the values by their weights. A weight of 0 times NaN is NaN: values that a query does not see are left out. */
function mix(weights: Tensor, value: Tensor, visible: Tensor | undefined): Tensor {
  if (!visible) return matMul(weights, value);
  const finite = unrecorded(() => tf.isFinite(value));
  const mixed = matMul(weights, tf.where(finite, value, tf.zerosLike(value)));
  const seesNonFinite = unrecorded(() => {
    // A row that may attend to nothing has no weights, or equal ones for all values.
    const seen = tf.maximum(visible, tf.cast(tf.greater(weights, 0), "float32"));
    const notFinite = tf.max(tf.cast(tf.logicalNot(finite), "float32"), -1, true); // [B, heads, Tk, 1]
    return tf.greater(matMul(seen, notFinite), 0);
  });
  return tf.where(seesNonFinite, tf.fill(mixed.shape, Number.NaN), mixed);
}

/** slopes[h]·(i + Tk − Tq − j), as [heads, Tq, Tk]. */
function distances(slopes: readonly number[], queries: number, keys: number): Tensor {
  const last = tf.range(keys - queries, keys).reshape([queries, 1]);
  const distance = tf.sub(last, tf.range(0, keys).reshape([1, keys]));
  return tf.mul(tf.tensor([...slopes], [slopes.length, 1, 1]), distance);
}

/** 1 where a key is visible and 0 elsewhere, as [B or 1, 1, Tq, Tk]; nothing if all of them are. */
function visibility(
  mask: Tensor | undefined,
  { causal, keys }: AttentionAttributes,
  queries: number,
): Tensor | undefined {
  const parts: Tensor[] = [];
  if (causal) {
    const last = tf.range(keys - queries, keys).reshape([queries, 1]);
    parts.push(
      tf
        .lessEqual(tf.range(0, keys).reshape([1, keys]), last)
        .toFloat()
        .reshape([1, 1, queries, keys]),
    );
  }
  if (mask) {
    const [batch, rows, groups] = mask.shape as [number, number, number];
    const nonzero = tf.notEqual(mask.toFloat(), 0).toFloat();
    const each = tf.tile(nonzero.reshape([batch, rows, groups, 1]), [1, 1, 1, keys / groups]);
    parts.push(each.reshape([batch, 1, queries, keys]));
  }
  return parts.length === 2 ? tf.mul(parts[0]!, parts[1]!) : parts[0];
}

function unequalWidths(queries: number, keys: number, heads: number): FlamingoError {
  const message = `${heads} heads cannot share queries of width ${queries} and keys of width ${keys}`;
  return new FlamingoError("SHAPE_MISMATCH", message, {
    fix: "make the two widths equal, and a multiple of the number of heads",
  });
}

function unevenMask(columns: number, keys: number): FlamingoError {
  return new FlamingoError("SHAPE_MISMATCH", `a mask of ${columns} columns cannot cover ${keys} keys`, {
    fix: "give the mask a number of columns that divides the number of keys",
  });
}

function wrongSlopes(slopes: number, heads: number): FlamingoError {
  return new FlamingoError("SHAPE_MISMATCH", `there are ${slopes} slopes for ${heads} heads`, {
    fix: "give one slope for each head: 0 for a head without a penalty",
  });
}
