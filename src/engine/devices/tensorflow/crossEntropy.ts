import { crossEntropyGradientOp, crossEntropyOp } from "../../ops/crossEntropy.ts";
import type { Handle } from "./binding.ts";
import { kernel } from "./kernel.ts";
import type { Work } from "./work.ts";

/**
 * Log-probabilities, the index [row, target] of each row's target, and which rows count, as truth values. TensorFlow's own
 * operation for all of it takes three times as long on a CPU: it does not share the rows among threads.
 */
function perRow(work: Work, pass: "forward" | "gradient", logits: Handle, targets: Handle, ignore: number) {
  const all = work.once(pass, [logits, targets], `crossEntropy ${ignore}`, () =>
    compute(work, logits, targets, ignore),
  );
  const [logShares, indices, counts] = all as [Handle, Handle, Handle];
  return { logShares, indices, counts };
}

function compute(work: Work, logits: Handle, targets: Handle, ignore: number): Handle[] {
  const { attributes } = work.device;
  const counts = work.run("NotEqual", [targets, work.integer(ignore)], attributes.integers);
  const known = work.run("SelectV2", [counts, targets, work.integer(0)], attributes.integers);
  const rows = work.integers(Array.from({ length: logits.shape[0]! }, (_, row) => row));
  const indices = work.run("Pack", [rows, known], attributes.pack(2, 1));
  return [work.floats("LogSoftmax", logits), indices, counts];
}

/** Numbers where the row counts, else 0: by choice and not by a product, since 0·NaN is NaN. */
function where(work: Work, counts: Handle, numbers: Handle): Handle {
  return work.floats("SelectV2", counts, numbers, work.number(0));
}

export const crossEntropyKernels = [
  kernel(crossEntropyOp, (work, { logits, targets }, { ignore }) => {
    const { logShares, indices, counts } = perRow(work, "forward", logits, targets, ignore);
    const { attributes, binding } = work.device;
    const ones = work.run("Cast", [counts], attributes.cast(binding.TF_BOOL, binding.TF_FLOAT));
    const count = work.reduce("Sum", ones, [0]);
    const found = work.run("GatherNd", [logShares, indices], attributes.gatherPlaces);
    const total = work.floats("Neg", work.reduce("Sum", where(work, counts, found), [0]));
    return [work.floats("RealDiv", total, work.floats("Maximum", count, work.number(1))), count];
  }),
  kernel(crossEntropyGradientOp, (work, { logits, targets, count, dy }, { ignore }) => {
    const { logShares, indices, counts } = perRow(work, "gradient", logits, targets, ignore);
    const part = work.floats("RealDiv", dy, work.floats("Maximum", count, work.number(1)));
    const shares = work.multiply(work.floats("Exp", logShares), part);
    const rows = where(work, work.reshape(counts, [logits.shape[0]!, 1]), shares);
    return work.run("TensorScatterSub", [rows, indices, where(work, counts, part)], work.device.attributes.scatter);
  }),
];
