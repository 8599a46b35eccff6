import * as tf from "@tensorflow/tfjs";
import { FlamingoError } from "../../core/errors.ts";
import type { Tensor } from "../tensor.ts";
import { hasKernel, runKernel } from "./kernels.ts";
import { matMul } from "./matMul.ts";

export interface AttentionOptions {
  /** Number of heads; the width is split as "(h d)": the first d channels are head 0. */
  heads: number;
  /** Factor of the scores; d^−½ unless told. */
  scale?: number;
  /** Key j is visible to query i if j ≤ i + (Tk − Tq): the last query sees all keys. */
  causal?: boolean;
  /** ALiBi: head h loses slopes[h]·(i + Tk − Tq − j) from its score. */
  slopes?: readonly number[];
  /** [B, Tq, G], bool or int32, nonzero = may attend; G divides Tk, column g covers Tk/G neighbouring keys. */
  mask?: Tensor;
  /**
   * What a query gives that may attend to nothing: "zero" gives zeros; "uniform" the mean of all values, as filling the
   * scores with the smallest number does in OpenFlamingo.
   */
  emptyRows?: "zero" | "uniform";
  /** Only so many keys and values count, and the rest is room for later ones; all of them unless told. No gradient then. */
  keys?: number;
}

/**
 * Multi-head scaled dot-product attention: softmax(scale·q·kᵀ − slopes·distance, over the visible keys)·v, per head.
 *
 * Shapes: `query` [B, Tq, heads·d], `key` and `value` [B, Tk, heads·d], result [B, Tq, heads·d]. `mask` gets no gradient.
 * Source: Vaswani et al. 2017, arXiv:1706.03762; ALiBi: Press et al. 2021, arXiv:2108.12409.
 *
 * @throws FlamingoError SHAPE_MISMATCH if heads do not divide the width, or the mask's columns do not divide the keys.
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const settings = settle(query, key, options);
  if (hasKernel("FlamingoAttention")) {
    const { mask, ...attributes } = settings;
    const inputs = { query, key, value, ...(mask && { mask }) };
    return runKernel(mask ? "FlamingoMaskedAttention" : "FlamingoAttention", inputs, attributes);
  }
  const { keys } = options;
  if (keys !== undefined && keys < key.shape[1]!)
    return attention(query, firstPlaces(key, keys), firstPlaces(value, keys), options);
  const { heads } = settings;
  const [batch, queries] = query.shape as [number, number];
  const seen = matMul(weigh(query, key, settings), splitHeads(value, heads));
  return tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), [batch, queries, value.shape[2]!]);
}

/** The weights that `attention` gives the values: [B, heads, Tq, Tk]. For inspection: it holds them all at once. */
export function attentionWeights(query: Tensor, key: Tensor, options: AttentionOptions): Tensor {
  return tf.tidy(() => weigh(query, key, settle(query, key, options)));
}

function firstPlaces(x: Tensor, count: number): Tensor {
  const [batch, , width] = x.shape as [number, number, number];
  return tf.slice(x, [0, 0, 0], [batch, count, width]);
}

type Settled = Required<Omit<AttentionOptions, "mask" | "slopes">> & Pick<AttentionOptions, "mask" | "slopes">;

function settle(query: Tensor, key: Tensor, options: AttentionOptions): Settled {
  const { heads, mask, slopes } = options;
  const width = query.shape[2]!;
  const keys = options.keys ?? key.shape[1]!;
  if (width % heads !== 0 || key.shape[2] !== width)
    throw new FlamingoError(
      "SHAPE_MISMATCH",
      `${heads} heads cannot share queries of width ${width} and keys of width ${key.shape[2]}`,
      {
        fix: "make the two widths equal, and a multiple of the number of heads",
      },
    );
  if (mask && keys % mask.shape[2]! !== 0)
    throw new FlamingoError("SHAPE_MISMATCH", `a mask of ${mask.shape[2]} columns cannot cover ${keys} keys`, {
      fix: "give the mask a number of columns that divides the number of keys",
    });
  return {
    heads,
    scale: options.scale ?? (width / heads) ** -0.5,
    causal: options.causal ?? false,
    emptyRows: options.emptyRows ?? "zero",
    keys,
    ...(mask && { mask }),
    ...(slopes && { slopes }),
  };
}

/** [B, T, heads·d] to [B, heads, T, d]. */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, length, width] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

function weigh(query: Tensor, key: Tensor, settings: Settled): Tensor {
  const { heads, slopes, emptyRows } = settings;
  const queries = query.shape[1]!;
  const keys = key.shape[1]!;
  const products = matMul(splitHeads(query, heads), splitHeads(key, heads), { transposeB: true });
  const scaled = tf.mul(products, settings.scale);
  const scores = slopes ? tf.sub(scaled, distances(slopes, queries, keys)) : scaled;
  const visible = visibility(settings, queries, keys);
  if (!visible) return tf.softmax(scores);
  // A row without any visible key comes out uniform, because all its scores are then the same.
  const filled = tf.add(tf.mul(scores, visible), tf.mul(tf.sub(1, visible), -1e30));
  const weights = tf.softmax(filled);
  return emptyRows === "zero" ? tf.mul(weights, tf.max(visible, -1, true)) : weights;
}

/** slopes[h]·(i + Tk − Tq − j), as [heads, Tq, Tk]. */
function distances(slopes: readonly number[], queries: number, keys: number): Tensor {
  const last = tf.range(keys - queries, keys).reshape([queries, 1]);
  const distance = tf.sub(last, tf.range(0, keys).reshape([1, keys]));
  return tf.mul(tf.tensor([...slopes], [slopes.length, 1, 1]), distance);
}

/** 1 where a key is visible and 0 elsewhere, as [B or 1, 1, Tq, Tk]; nothing if all of them are. */
function visibility({ causal, mask }: Settled, queries: number, keys: number): Tensor | undefined {
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
