import { attention } from "../../src/engine/attention.ts";
import { crossEntropy } from "../../src/engine/crossEntropy.ts";
import { embedding } from "../../src/engine/embedding.ts";
import { gatedAdd } from "../../src/engine/gatedAdd.ts";
import { gelu } from "../../src/engine/gelu.ts";
import { layerNorm } from "../../src/engine/layerNorm.ts";
import { linear } from "../../src/engine/linear.ts";
import { matMul } from "../../src/engine/matMul.ts";
import { squaredRelu } from "../../src/engine/squaredRelu.ts";
import * as tf from "../../src/engine/tensor.ts";
import { unfold } from "../../src/engine/unfold.ts";
import { type Case, evaluate, relativeError } from "../engine/evaluate.ts";
import { numbers } from "../engine/numbers.ts";

/** An operation on webgpu against its plain formula on `cpu`: the largest relative error, forward and gradient. */
export interface Check {
  what: string;
  error: number;
  ok: boolean;
}

const tolerance = 2e-3;

const attended = (options: { causal?: boolean; masked?: boolean; emptyRows?: "zero" | "uniform" }): Case => ({
  inputs: { query: numbers([2, 70, 40], 1, 2), key: numbers([2, 90, 40], 2, 2), value: numbers([2, 90, 40], 3) },
  run({ query, key, value }) {
    const { masked, ...rest } = options;
    const seen = numbers([2, 70, 3], 4).values.map((number) => (number > 0 ? 1 : 0));
    const mask = masked ? { mask: tf.tensor(Int32Array.from(seen), [2, 70, 3], "int32") } : {};
    return attention(query!, key!, value!, { heads: 2, slopes: [0.5, 0.1], ...rest, ...mask });
  },
});

const product = (transposeA: boolean, transposeB: boolean): Case => ({
  inputs: {
    a: numbers(transposeA ? [2, 77, 130] : [2, 130, 77], 1),
    b: numbers(transposeB ? [2, 65, 77] : [2, 77, 65], 2),
  },
  run: ({ a, b }) => matMul(a!, b!, { transposeA, transposeB }),
});

const cases: Record<string, Case> = {
  "matrix product": product(false, false),
  "matrix product, first transposed": product(true, false),
  "matrix product, second transposed": product(false, true),
  "linear with bias": {
    inputs: { x: numbers([3, 50, 68], 1), weight: numbers([132, 68], 2), bias: numbers([132], 3) },
    run: ({ x, weight, bias }) => linear(x!, weight!, bias),
  },
  "linear of a few rows": {
    inputs: { x: numbers([3, 68], 1), weight: numbers([132, 68], 2), bias: numbers([132], 3) },
    run: ({ x, weight, bias }) => linear(x!, weight!, bias),
  },
  "cross-attention": attended({}),
  "causal attention": attended({ causal: true }),
  "attention with media mask": attended({ masked: true }),
  "attention with media mask, empty rows uniform": attended({ masked: true, causal: true, emptyRows: "uniform" }),
  layerNorm: {
    inputs: { x: numbers([40, 300], 1, 3), weight: numbers([300], 2), bias: numbers([300], 3) },
    run: ({ x, weight, bias }) => layerNorm(x!, weight, bias),
  },
  gelu: { inputs: { x: numbers([30, 41], 1, 4) }, run: ({ x }) => gelu(x!) },
  squaredRelu: { inputs: { x: numbers([30, 41], 1, 4) }, run: ({ x }) => squaredRelu(x!) },
  gatedAdd: {
    inputs: { x: numbers([30, 41], 1), update: numbers([30, 41], 2), gate: numbers([1], 3) },
    run: ({ x, update, gate }) => gatedAdd(x!, update!, gate!),
  },
  embedding: {
    inputs: { table: numbers([20, 33], 1) },
    run: ({ table }) => embedding(table!, tf.tensor(Int32Array.from({ length: 100 }, (_, at) => (7 * at) % 20))),
  },
  crossEntropy: {
    inputs: { logits: numbers([50, 700], 1, 5) },
    run: ({ logits }) =>
      crossEntropy(logits!, tf.tensor(Int32Array.from({ length: 50 }, (_, at) => (at % 3 === 1 ? -100 : 13 * at))))
        .loss,
  },
  unfold: { inputs: { x: numbers([2, 9, 8, 3], 1) }, run: ({ x }) => unfold(x!, 3, 2, 1) },
};

/** Checks all kernels of `webgpu`, which is open, and leaves it open. */
export async function checkKernels(): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [what, one] of Object.entries(cases)) {
    await tf.setBackend("cpu");
    const expected = await evaluate(one);
    await tf.setBackend("webgpu");
    const actual = await evaluate(one);
    const errors = Object.keys(one.inputs).map((name) =>
      relativeError(actual.gradients[name]!, expected.gradients[name]!),
    );
    const error = Math.max(relativeError(actual.output, expected.output), ...errors);
    checks.push({ what, error, ok: error <= tolerance });
  }
  return checks;
}
