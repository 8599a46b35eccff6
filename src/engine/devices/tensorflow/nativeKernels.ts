import type { Activation } from "../../ops/activations.ts";
import { unfoldedSize } from "../../ops/convolution.ts";
import type { Product } from "../wasm/matMul.ts";
import type { Window } from "../wasm/unfold.ts";
import type { Attributes as OfAttention } from "./attention.ts";
import type { Handle } from "./binding.ts";
import { checkTargets, type Attributes as OfCrossEntropy } from "./crossEntropy.ts";
import type { Inputs, KernelDefinition } from "./kernel.ts";
import type { Attributes as OfNorm } from "./layerNorm.ts";
import type { Work } from "./work.ts";

// Kernels that are one operation of ours (`native/`), on a CPU, where the addon has them.

/** What the operation takes for an activation: the factor of x·sigmoid(factor·x), or 0 for GELU. */
const factors: Partial<Record<Activation, number>> = { gelu: 0, quickGelu: 1.702, silu: 1 };

interface OfActivation {
  activation: Activation;
}

/** Below so many rows a product waits for its weights, and copying them first would take longer than the product. */
const fewRows = 6;

type Run = KernelDefinition["run"];

/** Takes the place of kernels of the same names, which stay for what our operations do not do: other activations, few rows. */
export function nativeKernels(composed: readonly KernelDefinition[]): KernelDefinition[] {
  const otherwise = (name: string) => composed.find((kernel) => kernel.name === name)!.run;
  return [
    matMul(otherwise("FlamingoMatMul")),
    sumRows,
    ...plain,
    scale,
    unfold,
    fold,
    activation("FlamingoActivation", ["x"], otherwise("FlamingoActivation")),
    activation("FlamingoActivationGradient", ["x", "dy"], otherwise("FlamingoActivationGradient")),
    layerNorm("FlamingoLayerNorm"),
    layerNorm("FlamingoWeightedLayerNorm"),
    layerNormGradient,
    attention("FlamingoAttention"),
    attention("FlamingoMaskedAttention"),
    attentionGradient,
    crossEntropy,
    crossEntropyGradient,
  ];
}

const orAbsent = (work: Work, handle: Handle | undefined) =>
  handle ?? work.device.constant("absent", [0], () => new Float32Array(0));

function matMul(otherwise: Run): KernelDefinition {
  return {
    name: "FlamingoMatMul",
    run(work, inputs, product: Product) {
      const { batch, m, n, k, transposeA, transposeB, shape } = product;
      if (batch === 1 && m < fewRows) return otherwise(work, inputs, product as never);
      const sizes = work.integers([batch, m, n, k, Number(transposeA), Number(transposeB), ...shape]);
      return work.run("FlamingoMatMul", [inputs.a!, inputs.b!, orAbsent(work, inputs.bias), sizes], []);
    },
  };
}

const scale: KernelDefinition = {
  name: "FlamingoScale",
  run: (work, { x }, { factor }: { factor: number }) => work.run("FlamingoScale", [x!, work.number(factor)], []),
};

const sumRows: KernelDefinition = {
  name: "FlamingoSumRows",
  run: (work, { x }, { shape }: { shape: readonly number[] }) =>
    work.run("FlamingoSumRows", [x!, work.integers(shape)], []),
};

/** Those that take their inputs as they are. */
const plain = (
  [
    ["FlamingoAdd", ["a", "b"]],
    ["FlamingoMultiply", ["a", "b"]],
    ["FlamingoGatedAdd", ["x", "update", "gate"]],
    ["FlamingoGateUpdate", ["dy", "gate"]],
    ["FlamingoGateGradient", ["dy", "update", "gate"]],
  ] as const
).map(
  ([name, ports]): KernelDefinition => ({
    name,
    run: (work, inputs) =>
      work.run(
        name,
        ports.map((port) => inputs[port]!),
        [],
      ),
  }),
);

const unfold: KernelDefinition = {
  name: "FlamingoUnfold",
  run: (work, { x }, window: Window) => work.run("FlamingoUnfold", [x!, windowSizes(work, x!.shape, window)], []),
};

const fold: KernelDefinition = {
  name: "FlamingoFold",
  run: (work, { dy }, { shape, ...window }: Window & { shape: readonly number[] }) =>
    work.run("FlamingoFold", [dy!, windowSizes(work, shape, window)], []),
};

function windowSizes(work: Work, shape: readonly number[], { kernel, stride, padding }: Window): Handle {
  const [rows, columns] = [shape[1]!, shape[2]!].map((size) => unfoldedSize(size, kernel, stride, padding));
  return work.integers([...shape, kernel, stride, padding, rows!, columns!]);
}

function activation(name: string, ports: readonly string[], otherwise: Run): KernelDefinition {
  return {
    name,
    run(work, inputs, attributes: OfActivation) {
      const factor = factors[attributes.activation];
      if (factor === undefined) return otherwise(work, inputs, attributes as never);
      return work.run(name, [...ports.map((port) => inputs[port]!), work.number(factor)], []);
    },
  };
}

function layerNorm(name: string): KernelDefinition {
  return {
    name,
    run: (work, { x, weight, bias }, attributes: OfNorm) =>
      work.run(
        "FlamingoLayerNorm",
        [x!, orAbsent(work, weight), orAbsent(work, bias), normNumbers(work, attributes)],
        [],
      ),
  };
}

const layerNormGradient: KernelDefinition = {
  name: "FlamingoLayerNormGradient",
  run(work, { x, weight, dy }, { wanted, ...attributes }: OfNorm & { wanted: readonly string[] }) {
    const given = [x!, orAbsent(work, weight), dy!, normNumbers(work, attributes)];
    const found = work.runAll("FlamingoLayerNormGradient", given, [], 3);
    return wanted.map((name) => found[["x", "weight", "bias"].indexOf(name)]!);
  },
};

function normNumbers(work: Work, { epsilon, centred }: OfNorm): Handle {
  return work.floatsOf([epsilon, Number(centred)]);
}

function attention(name: string): KernelDefinition {
  return {
    name,
    run: (work, inputs, attributes: OfAttention) =>
      work.run("FlamingoAttention", attentionInputs(work, inputs, attributes), maskType(work, inputs)),
  };
}

const attentionGradient: KernelDefinition = {
  name: "FlamingoAttentionGradient",
  run(work, inputs, { wanted, ...attributes }: OfAttention & { wanted: readonly string[] }) {
    const names = ["query", "key", "value"];
    const chosen = work.integers(names.map((name) => Number(wanted.includes(name))));
    const given = [...attentionInputs(work, inputs, attributes), inputs.dy!, chosen];
    const found = work.runAll("FlamingoAttentionGradient", given, maskType(work, inputs), 3);
    return wanted.map((name) => found[names.indexOf(name)]!);
  },
};

function attentionInputs(work: Work, { query, key, value, mask }: Inputs, attributes: OfAttention): Handle[] {
  const { heads, scale, causal, emptyRows, keys, slopes = [] } = attributes;
  const [batch, queries, width] = query!.shape as [number, number, number];
  const switches = [Number(causal), Number(emptyRows === "uniform")];
  const sizes = [batch, queries, keys, key!.shape[1]!, heads, width / heads, mask?.shape[2] ?? 1, ...switches];
  const seen = mask ?? work.device.constant("no mask", [0], () => new Int32Array(0));
  return [query!, key!, value!, seen, work.floatsOf(slopes), work.integers(sizes), work.number(scale)];
}

function maskType(work: Work, { mask }: Inputs) {
  const { attributes, binding } = work.device;
  return mask?.dtype === binding.TF_BOOL ? attributes.flags : attributes.integers;
}

const crossEntropy: KernelDefinition = {
  name: "FlamingoCrossEntropy",
  run(work, { logits, targets }, { ignore }: OfCrossEntropy) {
    checkTargets(work, logits!, targets!, ignore);
    return work.runAll("FlamingoCrossEntropy", [logits!, targets!, work.integer(ignore)], [], 2);
  },
};

const crossEntropyGradient: KernelDefinition = {
  name: "FlamingoCrossEntropyGradient",
  run: (work, { logits, targets, count, dy }, { ignore }: OfCrossEntropy) =>
    work.run("FlamingoCrossEntropyGradient", [logits!, targets!, work.integer(ignore), count!, dy!], []),
};
