import { type Activation, activationOp } from "../../ops/activations.ts";
import { type AttentionAttributes, attentionOp } from "../../ops/attention.ts";
import { unfoldOp, type Window } from "../../ops/convolution.ts";
import { crossEntropyGradientOp, crossEntropyOp } from "../../ops/crossEntropy.ts";
import {
  addOp,
  gatedAddOp,
  gateGradientOp,
  gateUpdateOp,
  multiplyOp,
  scaleOp,
  sumRowsOp,
} from "../../ops/elementwise.ts";
import { matMulOp } from "../../ops/matMul.ts";
import { layerNormOp, type NormAttributes } from "../../ops/norms.ts";
import type { Handle } from "./binding.ts";
import { gradientKernel, kernel, type TensorflowKernel } from "./kernel.ts";
import type { Work } from "./work.ts";

// Kernels that are one native operation each (`native/`), for the CPU, where the addon has them.

/** What the operation takes for an activation: the factor of x·sigmoid(factor·x), or 0 for GELU. */
const factors: Partial<Record<Activation, number>> = { gelu: 0, quickGelu: 1.702, silu: 1 };

/** Below so many rows a product waits for its weights, and copying them first would take longer than the product. */
const fewRows = 6;

const orAbsent = (work: Work, handle: Handle | undefined) =>
  handle ?? work.device.constant("absent", [0], () => new Float32Array(0));

/** Those that take their inputs as they are, with the native operation's name. */
const plain = [
  kernel(addOp, (work, { a, b }) => work.run("FlamingoAdd", [a, b], [])),
  kernel(multiplyOp, (work, { a, b }) => work.run("FlamingoMultiply", [a, b], [])),
  kernel(gatedAddOp, (work, { x, update, gate }) => work.run("FlamingoGatedAdd", [x, update, gate], [])),
  kernel(gateUpdateOp, (work, { dy, gate }) => work.run("FlamingoGateUpdate", [dy, gate], [])),
  kernel(gateGradientOp, (work, { dy, update, gate }) => work.run("FlamingoGateGradient", [dy, update, gate], [])),
];

/** Replaces kernels of the same names, which remain for what the native operations do not do: other activations, few rows. */
export function nativeKernels(composed: readonly TensorflowKernel[]): TensorflowKernel[] {
  /** Runs the composed kernel of the same name where the native operation does not do the work. */
  const unless = (native: TensorflowKernel, isLeft: (attributes: never) => boolean): TensorflowKernel => {
    const other = composed.find(({ name }) => name === native.name)!;
    return {
      name: native.name,
      run: (work, inputs, attributes) => (isLeft(attributes as never) ? other : native).run(work, inputs, attributes),
    };
  };
  const hasNoFactor = ({ activation }: { activation: Activation }) => factors[activation] === undefined;
  return [
    unless(matMul, ({ batch, m }: { batch: number; m: number }) => batch === 1 && m < fewRows),
    unless(activation, hasNoFactor),
    unless(activationGradient, hasNoFactor),
    ...plain,
    ...others,
  ];
}

const matMul = kernel(matMulOp, (work, { a, b, bias }, { batch, m, n, k, transposeA, transposeB }, shape) => {
  const sizes = work.integers([batch, m, n, k, Number(transposeA), Number(transposeB), ...shape]);
  return work.run("FlamingoMatMul", [a, b, orAbsent(work, bias), sizes], []);
});

const activation = kernel(activationOp, (work, { x }, { activation }) =>
  work.run("FlamingoActivation", [x, work.number(factors[activation]!)], []),
);

const activationGradient = gradientKernel(activationOp, (work, { x, dy }, { activation }) => [
  work.run("FlamingoActivationGradient", [x, dy, work.number(factors[activation]!)], []),
]);

const others: readonly TensorflowKernel[] = [
  kernel(scaleOp, (work, { x }, { factor }) => work.run("FlamingoScale", [x, work.number(factor)], [])),
  kernel(sumRowsOp, (work, { x }, { shape }) => work.run("FlamingoSumRows", [x, work.integers(shape)], [])),
  kernel(unfoldOp, (work, { x }, window, shape) =>
    work.run("FlamingoUnfold", [x, windowSizes(work, x.shape, window, shape)], []),
  ),
  gradientKernel(unfoldOp, (work, { x, dy }, window) => [
    work.run("FlamingoFold", [dy, windowSizes(work, x.shape, window, dy.shape)], []),
  ]),
  kernel(layerNormOp, (work, { x, weight, bias }, attributes) => {
    const given = [x, orAbsent(work, weight), orAbsent(work, bias), normNumbers(work, attributes)];
    return work.run("FlamingoLayerNorm", given, []);
  }),
  gradientKernel(layerNormOp, (work, { x, weight, dy }, { wanted, ...attributes }) => {
    const given = [x, orAbsent(work, weight), dy, normNumbers(work, attributes)];
    const found = work.runAll("FlamingoLayerNormGradient", given, [], 3);
    return wanted.map((name) => found[["x", "weight", "bias"].indexOf(name)]!);
  }),
  kernel(attentionOp, (work, inputs, attributes) =>
    work.run("FlamingoAttention", attentionInputs(work, inputs, attributes), maskType(work, inputs)),
  ),
  gradientKernel(attentionOp, (work, { dy, ...inputs }, { wanted, ...attributes }) => {
    const names = ["query", "key", "value"];
    const chosen = work.integers(names.map((name) => Number(wanted.includes(name))));
    const given = [...attentionInputs(work, inputs, attributes), dy, chosen];
    const found = work.runAll("FlamingoAttentionGradient", given, maskType(work, inputs), 3);
    return wanted.map((name) => found[names.indexOf(name)]!);
  }),
  kernel(crossEntropyOp, (work, { logits, targets }, { ignore }) =>
    work.runAll("FlamingoCrossEntropy", [logits, targets, work.integer(ignore)], [], 2),
  ),
  kernel(crossEntropyGradientOp, (work, { logits, targets, count, dy }, { ignore }) =>
    work.run("FlamingoCrossEntropyGradient", [logits, targets, work.integer(ignore), count, dy], []),
  ),
];

function windowSizes(
  work: Work,
  image: readonly number[],
  { kernel, stride, padding }: Window,
  [, rows, columns]: readonly number[],
): Handle {
  return work.integers([...image, kernel, stride, padding, rows!, columns!]);
}

function normNumbers(work: Work, { epsilon, centred }: NormAttributes): Handle {
  return work.floatsOf([epsilon, Number(centred)]);
}

interface AttentionInputs {
  readonly query: Handle;
  readonly key: Handle;
  readonly value: Handle;
  readonly mask?: Handle;
}

function attentionInputs(
  work: Work,
  { query, key, value, mask }: AttentionInputs,
  { heads, scale, causal, emptyRows, keys, slopes = [] }: AttentionAttributes,
): Handle[] {
  const [batch, queries, width] = query.shape as [number, number, number];
  const switches = [Number(causal), Number(emptyRows === "uniform")];
  const sizes = [batch, queries, keys, key.shape[1]!, heads, width / heads, mask?.shape[2] ?? 1, ...switches];
  const seen = mask ?? work.device.constant("no mask", [0], () => new Int32Array(0));
  return [query, key, value, seen, work.floatsOf(slopes), work.integers(sizes), work.number(scale)];
}

function maskType(work: Work, { mask }: AttentionInputs) {
  const { attributes, binding } = work.device;
  return mask?.dtype === binding.TF_BOOL ? attributes.flags : attributes.integers;
}
