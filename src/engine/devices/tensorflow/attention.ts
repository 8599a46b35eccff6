import { type AttentionAttributes, attentionOp } from "../../ops/attention.ts";
import type { Handle } from "./binding.ts";
import { gradientKernel, kernel } from "./kernel.ts";
import type { Work } from "./work.ts";

interface Inputs {
  readonly query: Handle;
  readonly key: Handle;
  readonly value: Handle;
  readonly mask?: Handle;
}

/** Added to the score of what a query may not see. Every score vanishes beside it, so that a row without any visible key comes out uniform. */
const hidden = -1e30;

export const attentionKernels = [
  kernel(attentionOp, (work, inputs, attributes) => {
    const { weights, value, visible, sighted } = weigh(work, "forward", inputs, attributes);
    const seen = visible ? mix(work, weights, value, visible, attributes) : work.product(weights, value);
    const zeroed = sighted && attributes.emptyRows === "zero";
    return mergeHeads(work, zeroed ? work.multiply(seen, sighted) : seen);
  }),
  gradientKernel(attentionOp, (work, { dy: given, ...inputs }, { wanted, ...attributes }) => {
    const { query, key, value, weights, sighted } = weigh(work, "gradient", inputs, attributes);
    const dy = splitHeads(work, given, attributes.heads);
    const dSeen = sighted && attributes.emptyRows === "zero" ? work.multiply(dy, sighted) : dy;
    let found: Handle | undefined;
    const dScores = () => {
      if (found) return found;
      found = softmaxGradient(work, weights, work.product(dSeen, value, false, true));
      // What a row without any visible key gives does not depend on its scores.
      if (sighted && attributes.emptyRows === "uniform") found = work.multiply(found, sighted);
      return found;
    };
    const gradients: Record<string, () => Handle> = {
      query: () => mergeHeads(work, work.multiply(work.product(dScores(), key), attributes.scale)),
      key: () => mergeHeads(work, work.product(dScores(), query, true, false)),
      value: () => mergeHeads(work, work.product(weights, dSeen, true, false)),
    };
    return wanted.map((name) => gradients[name]!());
  }),
];

/**
 * The weights of all heads [B, heads, Tq, keys], what they were made of, which keys are visible where some are not, and which rows see
 * something where some may not.
 */
function weigh(work: Work, pass: "forward" | "gradient", inputs: Inputs, attributes: AttentionAttributes) {
  const { mask } = inputs;
  const handles = [inputs.query, inputs.key, inputs.value, ...(mask ? [mask] : [])];
  const kind = `attention ${JSON.stringify(attributes)}`;
  const found = work.once(pass, handles, kind, () => compute(work, inputs, attributes));
  const [query, key, value, weights, visible, sighted] = found as [Handle, Handle, Handle, Handle, Handle?, Handle?];
  return { query, key, value, weights, visible, sighted };
}

function compute(work: Work, inputs: Inputs, attributes: AttentionAttributes): Handle[] {
  const { heads, scale, keys, causal } = attributes;
  const query = work.multiply(splitHeads(work, inputs.query, heads), scale);
  const key = splitHeads(work, firstPositions(work, inputs.key, keys), heads);
  const value = splitHeads(work, firstPositions(work, inputs.value, keys), heads);
  const queries = inputs.query.shape[1]!;
  const penalty = penalties(work, inputs.mask, attributes, queries);
  const products = work.product(query, key, false, true);
  if (!penalty) return [query, key, value, work.floats("Softmax", products)];
  const visible = work.floats("Greater", penalty, work.number(hidden / 2));
  // Not by the sum alone: a product with a hidden key may be NaN.
  const scores = work.floats("SelectV2", visible, work.add(products, penalty), penalty);
  const weights = work.floats("Softmax", scores);
  const mayBeEmpty = inputs.mask !== undefined || (causal && queries > keys);
  return [query, key, value, weights, visible, ...(mayBeEmpty ? [rowsThatSee(work, penalty)] : [])];
}

/** The sum of the values by their weights. A weight of 0 times NaN is NaN: values that a query does not see are left out. */
function mix(work: Work, weights: Handle, value: Handle, visible: Handle, { emptyRows }: AttentionAttributes): Handle {
  const { attributes, binding } = work.device;
  const asFloats = (x: Handle) => work.run("Cast", [x], attributes.cast(binding.TF_BOOL, binding.TF_FLOAT));
  const finite = work.floats("IsFinite", value);
  const mixed = work.product(weights, work.floats("SelectV2", finite, value, work.number(0)));
  const rowIsFinite = work.reduce("Min", asFloats(finite), [3], true); // [B, heads, keys, 1]
  const notFinite = work.floats("Sub", work.number(1), rowIsFinite);
  // A row that may attend to nothing has equal weights: it takes the mean of all values, or is set to 0 later.
  const weighed = () => asFloats(work.floats("Greater", weights, work.number(0)));
  const seen = emptyRows === "zero" ? asFloats(visible) : work.floats("Maximum", asFloats(visible), weighed());
  const seesNonFinite = work.floats("Greater", work.product(seen, notFinite), work.number(0));
  return work.floats("SelectV2", seesNonFinite, work.number(Number.NaN), mixed);
}

/** p∘(d − Σ d∘p) along each row. */
function softmaxGradient(work: Work, p: Handle, d: Handle): Handle {
  const sum = work.reduce("Sum", work.multiply(d, p), [3], true);
  return work.multiply(p, work.floats("Sub", d, sum));
}

/** [B, T, heads·d] to [B, heads, T, d]. */
function splitHeads(work: Work, x: Handle, heads: number): Handle {
  const [batch, length, width] = x.shape as [number, number, number];
  return work.transpose(work.reshape(x, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

function mergeHeads(work: Work, x: Handle): Handle {
  const [batch, heads, length, width] = x.shape as [number, number, number, number];
  return work.reshape(work.transpose(x, [0, 2, 1, 3]), [batch, length, heads * width]);
}

function firstPositions(work: Work, x: Handle, count: number): Handle {
  const [batch, length, width] = x.shape as [number, number, number];
  if (count === length) return x;
  const ends = [work.integers([0, 0, 0]), work.integers([batch, count, width])];
  return work.run("Slice", [x, ...ends], work.device.attributes.slice);
}

/** What is added to the scores, broadcast to [B, heads, Tq, keys]. */
function penalties(
  work: Work,
  mask: Handle | undefined,
  attributes: AttentionAttributes,
  queries: number,
): Handle | undefined {
  const { causal, slopes, keys } = attributes;
  const ofPosition = causal || slopes ? positionPenalty(work, causal, slopes, queries, keys) : undefined;
  const ofMask = mask && maskPenalty(work, mask, keys);
  if (!ofPosition || !ofMask) return ofPosition ?? ofMask;
  // Hidden twice is hidden as much as hidden once.
  return work.floats("Maximum", work.add(ofPosition, ofMask), work.number(hidden));
}

/** Of keys that come later, and of those far back by ALiBi: [1 or heads, Tq, keys]. */
function positionPenalty(
  work: Work,
  causal: boolean,
  slopes: readonly number[] | undefined,
  queries: number,
  keys: number,
): Handle {
  const each = slopes ?? [0];
  return work.device.constant(`positions ${causal} ${slopes} ${queries} ${keys}`, [each.length, queries, keys], () => {
    const values = new Float32Array(each.length * queries * keys);
    for (let h = 0, at = 0; h < each.length; h++)
      for (let i = 0; i < queries; i++)
        for (let j = 0; j < keys; j++, at++) {
          const distance = i + keys - queries - j;
          values[at] = causal && distance < 0 ? hidden : -each[h]! * distance;
        }
    return values;
  });
}

/** Of keys that a mask [B, Tq, G] hides: [B, 1, Tq, keys]. */
function maskPenalty(work: Work, mask: Handle, keys: number): Handle {
  const { attributes, binding } = work.device;
  const [batch, queries, groups] = mask.shape as [number, number, number];
  const chosen =
    mask.dtype === binding.TF_BOOL ? mask : work.run("Cast", [mask], attributes.cast(mask.dtype, binding.TF_BOOL));
  const columns = work.floats("SelectV2", chosen, work.number(0), work.number(hidden));
  const repeats = keys / groups;
  if (repeats === 1) return work.reshape(columns, [batch, 1, queries, keys]);
  const single = work.reshape(columns, [batch, queries, groups, 1]);
  const each = work.run("Tile", [single, work.integers([1, 1, 1, repeats])], attributes.tile);
  return work.reshape(each, [batch, 1, queries, keys]);
}

/** 1 for each row in which something is not hidden, 0 for the others: [.., Tq, 1]. */
function rowsThatSee(work: Work, penalty: Handle): Handle {
  const { attributes, binding } = work.device;
  const best = work.reduce("Max", penalty, [penalty.shape.length - 1], true);
  const sees = work.floats("Greater", best, work.number(hidden / 2));
  return work.run("Cast", [sees], attributes.cast(binding.TF_BOOL, binding.TF_FLOAT));
}
