import { crossEntropyGradientOp, crossEntropyOp } from "../../ops/crossEntropy.ts";
import type { Handle } from "./binding.ts";
import { kernel } from "./kernel.ts";
import type { Work } from "./work.ts";

/**
 * Log-probabilities, the place [row, target] of each row's target, and which rows count, as 1 and 0. TensorFlow's own
 * operation for all of it takes three times as long on a CPU: it does not share the rows among threads.
 */
function perRow(work: Work, pass: "forward" | "gradient", logits: Handle, targets: Handle, ignore: number) {
  const all = work.once(pass, [logits, targets], `crossEntropy ${ignore}`, () =>
    compute(work, logits, targets, ignore),
  );
  const [logShares, places, included] = all as [Handle, Handle, Handle];
  return { logShares, places, included };
}

function compute(work: Work, logits: Handle, targets: Handle, ignore: number): Handle[] {
  const { attributes, binding } = work.device;
  const counts = work.run("NotEqual", [targets, work.integer(ignore)], attributes.integers);
  const known = work.run("SelectV2", [counts, targets, work.integer(0)], attributes.integers);
  const included = work.run("Cast", [counts], attributes.cast(binding.TF_BOOL, binding.TF_FLOAT));
  const rows = work.integers(Array.from({ length: logits.shape[0]! }, (_, row) => row));
  const places = work.run("Pack", [rows, known], attributes.pack(2, 1));
  return [work.floats("LogSoftmax", logits), places, included];
}

export const crossEntropyKernels = [
  kernel(crossEntropyOp, (work, { logits, targets }, { ignore }) => {
    const { logShares, places, included } = perRow(work, "forward", logits, targets, ignore);
    const count = work.reduce("Sum", included, [0]);
    const found = work.run("GatherNd", [logShares, places], work.device.attributes.gatherPlaces);
    const total = work.floats("Neg", work.reduce("Sum", work.multiply(found, included), [0]));
    return [work.floats("RealDiv", total, work.floats("Maximum", count, work.number(1))), count];
  }),
  kernel(crossEntropyGradientOp, (work, { logits, targets, count, dy }, { ignore }) => {
    const { logShares, places, included } = perRow(work, "gradient", logits, targets, ignore);
    const part = work.floats("RealDiv", dy, work.floats("Maximum", count, work.number(1)));
    const parts = work.multiply(included, part);
    const shares = work.multiply(work.floats("Exp", logShares), work.reshape(parts, [logits.shape[0]!, 1]));
    return work.run("TensorScatterSub", [shares, places, parts], work.device.attributes.scatter);
  }),
];
