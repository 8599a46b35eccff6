import type { Activation } from "../activation.ts";
import type { Handle } from "./binding.ts";
import type { KernelDefinition } from "./kernel.ts";
import type { Work } from "./work.ts";

// Kernels that are one operation of ours (`native/operations.cc`), on a CPU, where the addon has them.

/** What the operation takes for an activation: the factor of x·sigmoid(factor·x), or 0 for GELU. */
const factors: Partial<Record<Activation, number>> = { gelu: 0, quickGelu: 1.702, silu: 1 };

interface OfActivation {
  activation: Activation;
}

interface OfNorm {
  epsilon: number;
  /** False for RMSNorm. */
  centred: boolean;
}

/** Takes the place of kernels of the same names, which stay for what our operations do not do: other activations, RMSNorm. */
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
    layerNorm("FlamingoLayerNorm", otherwise("FlamingoLayerNorm")),
    layerNorm("FlamingoWeightedLayerNorm", otherwise("FlamingoWeightedLayerNorm")),
    layerNormGradient(otherwise("FlamingoLayerNormGradient")),
  ];
}

const orAbsent = (work: Work, handle: Handle | undefined) =>
  handle ?? work.device.constant("absent", [0], () => new Float32Array(0));

type Run = KernelDefinition["run"];

function layerNorm(name: string, otherwise: Run): KernelDefinition {
  return {
    name,
    run(work, inputs, attributes: OfNorm) {
      if (!attributes.centred) return otherwise(work, inputs, attributes as never);
      const { x, weight, bias } = inputs;
      const epsilon = work.number(attributes.epsilon);
      return work.run("FlamingoLayerNorm", [x!, orAbsent(work, weight), orAbsent(work, bias), epsilon], []);
    },
  };
}

function layerNormGradient(otherwise: Run): KernelDefinition {
  return {
    name: "FlamingoLayerNormGradient",
    run(work, inputs, attributes: OfNorm & { wanted: readonly string[] }) {
      if (!attributes.centred) return otherwise(work, inputs, attributes as never);
      const { x, weight, dy } = inputs;
      const given = [x!, orAbsent(work, weight), dy!, work.number(attributes.epsilon)];
      const found = work.runAll("FlamingoLayerNormGradient", given, [], 3);
      return attributes.wanted.map((name) => found[["x", "weight", "bias"].indexOf(name)]!);
    },
  };
}
