import { crossEntropyGradientOp, crossEntropyOp } from "../../ops/crossEntropy.ts";
import { kernel } from "./kernel.ts";
import { maxOf, sumOf } from "./reduction.ts";
import { rowRanges, rowsOf } from "./rowRanges.ts";
import { remembered } from "./shader.ts";

const threads = 256;

/** WGSL: `largest` logit and the `sum` of e^(logit − largest) of the row that begins at `at`. */
const measure = `
  var most = -3.4e38;
  for (var i = lane; i < given.vocabulary; i += ${threads}u) { most = max(most, logits[at + i]); }
  let largest = largestOf(most, lane);
  var part = 0.0;
  for (var i = lane; i < given.vocabulary; i += ${threads}u) { part += exp(logits[at + i] - largest); }
  let sum = total(part, lane);`;

const functions = `${maxOf("largestOf", threads)}${sumOf("total", "f32", threads)}`;

// A target beyond the vocabulary reads nothing, and makes the loss NaN until the check of the targets reports it.
const losses = remembered(() => ({
  reads: { logits: "f32", targets: "i32" },
  writes: { rows: "vec2f" },
  given: { count: "u32", vocabulary: "u32", ignored: "i32", nan: "f32" },
  workgroup: [threads, 1],
  functions,
  body: `
  for (var row = group.x; row < given.count; row += groups.x) {
    let at = row * given.vocabulary;
    ${measure}
    if (lane == 0) {
      let label = targets[row];
      if (label == given.ignored) { rows[row] = vec2f(); }
      else if (label < 0 || label >= i32(given.vocabulary)) { rows[row] = vec2f(given.nan, 1.0); }
      else { rows[row] = vec2f(log(sum) + largest - logits[at + u32(label)], 1.0); }
    }
  }`,
}));

const mean = remembered(() => ({
  reads: { rows: "vec2f" },
  writes: { loss: "f32", counted: "f32" },
  given: { count: "u32" },
  workgroup: [threads, 1],
  functions: sumOf("totals", "vec2f", threads),
  body: `
  var part = vec2f();
  for (var i = lane; i < given.count; i += ${threads}u) { part += rows[i]; }
  let sums = totals(part, lane);
  if (lane == 0) { loss[0] = sums.x / max(sums.y, 1.0); counted[0] = sums.y; }`,
}));

// (softmax − one-hot)·dy/count; zero where the target is ignored.
const gradients = remembered(() => ({
  reads: { logits: "f32", targets: "i32", counted: "f32", dy: "f32" },
  writes: { gradient: "f32" },
  given: { count: "u32", vocabulary: "u32", ignored: "i32" },
  workgroup: [threads, 1],
  functions,
  body: `
  for (var row = group.x; row < given.count; row += groups.x) {
    let at = row * given.vocabulary;
    ${measure}
    let label = targets[row];
    // Not by a factor of 0: what does not count may be NaN.
    if (label == given.ignored) {
      for (var i = lane; i < given.vocabulary; i += ${threads}u) { gradient[at + i] = 0.0; }
      continue;
    }
    let factor = dy[0] / max(counted[0], 1.0);
    for (var i = lane; i < given.vocabulary; i += ${threads}u) {
      gradient[at + i] = factor * (exp(logits[at + i] - largest) / sum - select(0.0, 1.0, i32(i) == label));
    }
  }`,
}));

export const crossEntropyKernels = [
  kernel(crossEntropyOp, (device, { logits, targets }, { ignore }) => {
    const [count, vocabulary] = logits.shape as [number, number];
    const rows = device.output([count, 2]);
    const [loss, counted] = [device.output([]), device.output([])];
    for (const range of rowRanges(device, count, [vocabulary]))
      device.perform({
        ...{ shader: losses(), reads: [rowsOf(logits, range, vocabulary), rowsOf(targets, range, 1)] },
        ...{ writes: [rowsOf(rows, range, 2)], given: [range.count, vocabulary, ignore, Number.NaN] },
        groups: [Math.min(range.count, 65535)],
      });
    device.perform({ shader: mean(), reads: [rows], writes: [loss, counted], given: [count], groups: [1] });
    device.release(rows);
    return [loss, counted];
  }),
  kernel(crossEntropyGradientOp, (device, { logits, targets, count, dy }, { ignore }, shape) => {
    const gradient = device.output(shape);
    const [rows, vocabulary] = logits.shape as [number, number];
    for (const range of rowRanges(device, rows, [vocabulary])) {
      const [seen, made] = [logits, gradient].map((tensor) => rowsOf(tensor, range, vocabulary));
      device.perform({
        ...{ shader: gradients(), reads: [seen!, rowsOf(targets, range, 1), count, dy], writes: [made!] },
        ...{ given: [range.count, vocabulary, ignore], groups: [Math.min(range.count, 65535)] },
      });
    }
    return gradient;
  }),
];
