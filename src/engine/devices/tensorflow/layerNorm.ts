import { sizeOf } from "../../../core/shape.ts";
import { layerNormOp, type NormAttributes } from "../../ops/norms.ts";
import type { Handle } from "./binding.ts";
import { gradientKernel, kernel } from "./kernel.ts";
import type { Work } from "./work.ts";

/** Rows with variance 1 about their mean or 0, and the factor that each was given for it. */
function normalise(
  work: Work,
  pass: "forward" | "gradient",
  x: Handle,
  { epsilon, centred }: NormAttributes,
): Handle[] {
  return work.once(pass, [x], `layerNorm ${epsilon} ${centred}`, () => {
    const last = [x.shape.length - 1];
    const apart = centred ? work.floats("Sub", x, work.reduce("Mean", x, last, true)) : x;
    const variance = work.reduce("Mean", work.floats("Square", apart), last, true);
    const factor = work.floats("Rsqrt", work.add(variance, epsilon));
    return [work.multiply(apart, factor), factor];
  });
}

export const layerNormKernels = [
  kernel(layerNormOp, (work, { x, weight, bias }, attributes) => {
    const normal = normalise(work, "forward", x, attributes)[0]!;
    const weighted = weight ? work.multiply(normal, weight) : normal;
    const y = bias ? work.add(weighted, bias) : weighted;
    return y === normal ? work.floats("Identity", y) : y;
  }),
  gradientKernel(layerNormOp, (work, { x, weight, dy }, { wanted, ...attributes }) => {
    const last = [x.shape.length - 1];
    const sumRows = (y: Handle) => {
      const width = y.shape.at(-1)!;
      return work.reduce("Sum", work.reshape(y, [sizeOf(y) / width, width]), [0]);
    };
    const [normal, factor] = normalise(work, "gradient", x, attributes) as [Handle, Handle];
    const gradients: Record<string, () => Handle> = {
      x() {
        const dNormal = weight ? work.multiply(dy, weight) : dy;
        const slope = work.reduce("Mean", work.multiply(dNormal, normal), last, true);
        const mean = () => work.reduce("Mean", dNormal, last, true);
        const apart = attributes.centred ? work.floats("Sub", dNormal, mean()) : dNormal;
        const across = work.floats("Sub", apart, work.multiply(normal, slope));
        return work.multiply(across, factor);
      },
      weight: () => sumRows(work.multiply(dy, normal)),
      bias: () => sumRows(dy),
    };
    return wanted.map((name) => gradients[name]!());
  }),
];
