import type { Handle } from "./binding.ts";
import { type KernelDefinition, sizeOf } from "./kernel.ts";
import type { Work } from "./work.ts";

/** Rows with mean 0 and variance 1, and the factor that each was given for it. */
function normalise(work: Work, pass: "forward" | "gradient", x: Handle, epsilon: number): [Handle, Handle] {
  const [normal, factor] = work.once(pass, [x], `layerNorm ${epsilon}`, () => {
    const last = [x.shape.length - 1];
    const centred = work.floats("Sub", x, work.reduce("Mean", x, last, true));
    const variance = work.reduce("Mean", work.floats("Square", centred), last, true);
    const factor = work.floats("Rsqrt", work.add(variance, epsilon));
    return [work.multiply(centred, factor), factor];
  });
  return [normal!, factor!];
}

const layerNorm: KernelDefinition = {
  name: "FlamingoLayerNorm",
  run(work, { x, weight, bias }, { epsilon }: { epsilon: number }) {
    const [normal] = normalise(work, "forward", x!, epsilon);
    const weighted = weight ? work.multiply(normal, weight) : normal;
    const y = bias ? work.add(weighted, bias) : weighted;
    return y === normal ? work.floats("Identity", y) : y;
  },
};

const layerNormGradient: KernelDefinition = {
  name: "FlamingoLayerNormGradient",
  run(work, { x, weight, dy }, { epsilon, wanted }: { epsilon: number; wanted: readonly string[] }) {
    const last = [x!.shape.length - 1];
    const sumRows = (y: Handle) => {
      const width = y.shape.at(-1)!;
      return work.reduce("Sum", work.reshape(y, [sizeOf(y) / width, width]), [0]);
    };
    const [normal, factor] = normalise(work, "gradient", x!, epsilon);
    const gradients: Record<string, () => Handle> = {
      x() {
        const dNormal = weight ? work.multiply(dy!, weight) : dy!;
        const mean = work.reduce("Mean", dNormal, last, true);
        const slope = work.reduce("Mean", work.multiply(dNormal, normal), last, true);
        const across = work.floats("Sub", work.floats("Sub", dNormal, mean), work.multiply(normal, slope));
        return work.multiply(across, factor);
      },
      weight: () => sumRows(work.multiply(dy!, normal)),
      bias: () => sumRows(dy!),
    };
    return wanted.map((name) => gradients[name]!());
  },
};

export const layerNormKernels = [layerNorm, { ...layerNorm, name: "FlamingoWeightedLayerNorm" }, layerNormGradient];
