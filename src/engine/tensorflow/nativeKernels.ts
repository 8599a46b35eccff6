import type { Activation } from "../activation.ts";
import type { Handle } from "./binding.ts";
import type { Inputs, KernelDefinition } from "./kernel.ts";
import type { Work } from "./work.ts";

// Kernels that are one operation of ours (`native/operations.cc`), on a CPU, where the addon has them.

/** What the operation takes for an activation: the factor of x·sigmoid(factor·x), or 0 for GELU. */
const factors: Partial<Record<Activation, number>> = { gelu: 0, quickGelu: 1.702, silu: 1 };

interface OfActivation {
  activation: Activation;
}

/** Takes the place of kernels of the same names; activations that TensorFlow has as one operation stay with them. */
export function nativeKernels(composed: readonly KernelDefinition[]): KernelDefinition[] {
  const otherwise = (name: string) => composed.find((kernel) => kernel.name === name)!.run;
  const activation = (name: string, ports: readonly string[]): KernelDefinition => ({
    name,
    run(work, inputs, attributes: OfActivation) {
      const factor = factors[attributes.activation];
      if (factor === undefined) return otherwise(name)(work, inputs, attributes as never);
      return work.run(name, [...ports.map((port) => inputs[port]!), work.number(factor)], []);
    },
  });
  return [
    activation("FlamingoActivation", ["x"]),
    activation("FlamingoActivationGradient", ["x", "dy"]),
    layerNorm("FlamingoLayerNorm"),
    layerNorm("FlamingoWeightedLayerNorm"),
    layerNormGradient,
  ];
}

const orAbsent = (work: Work, handle: Handle | undefined) =>
  handle ?? work.device.constant("absent", [0], () => new Float32Array(0));

function layerNorm(name: string): KernelDefinition {
  return {
    name,
    run: (work: Work, { x, weight, bias }: Inputs, { epsilon }: { epsilon: number }) =>
      work.run("FlamingoLayerNorm", [x!, orAbsent(work, weight), orAbsent(work, bias), work.number(epsilon)], []),
  };
}

const layerNormGradient: KernelDefinition = {
  name: "FlamingoLayerNormGradient",
  run(work, { x, weight, dy }, { epsilon, wanted }: { epsilon: number; wanted: readonly string[] }) {
    const inputs = [x!, orAbsent(work, weight), dy!, work.number(epsilon)];
    const found = work.runAll("FlamingoLayerNormGradient", inputs, [], 3);
    return wanted.map((name) => found[["x", "weight", "bias"].indexOf(name)]!);
  },
};
