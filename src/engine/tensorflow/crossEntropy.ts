import { FlamingoError } from "../../core/errors.ts";
import type { Handle } from "./binding.ts";
import type { KernelDefinition } from "./kernel.ts";
import type { Work } from "./work.ts";

interface Attributes {
  ignore: number;
}

/** Each row's loss with its gradient by the logits, and which rows count, as 1 and 0. */
function perRow(work: Work, pass: "forward" | "gradient", logits: Handle, targets: Handle, ignore: number) {
  const all = work.once(pass, [logits, targets], `crossEntropy ${ignore}`, () =>
    compute(work, logits, targets, ignore),
  );
  const [losses, slopes, included] = all as [Handle, Handle, Handle];
  return { losses, slopes, included };
}

function compute(work: Work, logits: Handle, targets: Handle, ignore: number): Handle[] {
  const { attributes, binding } = work.device;
  const counts = work.run("NotEqual", [targets, work.integer(ignore)], attributes.integers);
  const known = work.run("SelectV2", [counts, targets, work.integer(0)], attributes.integers);
  const included = work.run("Cast", [counts], attributes.cast(binding.TF_BOOL, binding.TF_FLOAT));
  const name = "SparseSoftmaxCrossEntropyWithLogits";
  return [...work.runAll(name, [logits, known], attributes.crossEntropy, 2), included];
}

const crossEntropy: KernelDefinition = {
  name: "FlamingoCrossEntropy",
  run(work, { logits, targets }, { ignore }: Attributes) {
    const vocabulary = logits!.shape[1]!;
    const wrong = work.numbers(targets!).find((id) => id !== ignore && (id < 0 || id >= vocabulary));
    if (wrong !== undefined)
      throw new FlamingoError("INVALID_DATA", `target ${wrong} is not in a vocabulary of ${vocabulary}`, {
        fix: `use targets below ${vocabulary}, or ${ignore} for what shall not be learned`,
      });
    const { losses, included } = perRow(work, "forward", logits!, targets!, ignore);
    const count = work.reduce("Sum", included, [0]);
    const total = work.reduce("Sum", work.multiply(losses, included), [0]);
    return [work.floats("RealDiv", total, work.floats("Maximum", count, work.number(1))), count];
  },
};

const crossEntropyGradient: KernelDefinition = {
  name: "FlamingoCrossEntropyGradient",
  run(work, { logits, targets, count, dy }, { ignore }: Attributes) {
    const { slopes, included } = perRow(work, "gradient", logits!, targets!, ignore);
    const share = work.floats("RealDiv", dy!, work.floats("Maximum", count!, work.number(1)));
    return work.multiply(slopes, work.reshape(work.multiply(included, share), [logits!.shape[0]!, 1]));
  },
};

export const crossEntropyKernels = [crossEntropy, crossEntropyGradient];
