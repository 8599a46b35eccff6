import { gelu, squaredRelu } from "../../src/engine/ops/activations.ts";
import { attention } from "../../src/engine/ops/attention.ts";
import { unfold } from "../../src/engine/ops/convolution.ts";
import { crossEntropy } from "../../src/engine/ops/crossEntropy.ts";
import { gatedAdd } from "../../src/engine/ops/elementwise.ts";
import { embedding } from "../../src/engine/ops/embedding.ts";
import { linear, matMul } from "../../src/engine/ops/matMul.ts";
import { layerNorm } from "../../src/engine/ops/norms.ts";
import * as tf from "../../src/engine/tensor.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { presets } from "../../src/models/presets.ts";
import {
  type Computed,
  checkOpened,
  checkSeeds,
  checkShapes,
  compare,
  composites,
  compute,
  everyBlock,
  withNumbers,
} from "../blocks/contract.ts";
import { type Case, evaluate, relativeError } from "../engine/evaluate.ts";
import { numbers } from "../engine/numbers.ts";

/** Something on webgpu against the same on `cpu`, the reference. */
export interface Check {
  what: string;
  /** The largest relative error, forward and gradient; null where none came out. */
  error: number | null;
  tolerance: number;
  ok: boolean;
  /** What was thrown. */
  message?: string;
}

/** Tolerances of kernels: f16 rounds operands to 11 bits, and their sums stay single. */
export const tolerances = { float32: 2e-3, float16: 1e-2 } as const;
export type Precision = keyof typeof tolerances;

const attended = (options: { causal?: boolean; masked?: boolean; emptyRows?: "zero" | "uniform" }): Case => ({
  inputs: { query: numbers([2, 70, 40], 1, 2), key: numbers([2, 90, 40], 2, 2), value: numbers([2, 90, 40], 3) },
  run({ query, key, value }) {
    const { masked, ...rest } = options;
    const seen = numbers([2, 70, 3], 4).values.map((number) => (number > 0 ? 1 : 0));
    const mask = masked ? { mask: tf.tensor(Int32Array.from(seen), [2, 70, 3], "int32") } : {};
    return attention(query!, key!, value!, { heads: 2, slopes: [0.5, 0.1], ...rest, ...mask });
  },
});

const deep = (depth: number): Case => ({
  inputs: {
    query: numbers([1, 40, 2 * depth], 1),
    key: numbers([1, 50, 2 * depth], 2),
    value: numbers([1, 50, 2 * depth], 3),
  },
  run: ({ query, key, value }) => attention(query!, key!, value!, { heads: 2 }),
});

type Sizes = readonly [batch: number, m: number, n: number, k: number];

const product = ([batch, m, n, k]: Sizes, transposeA = false, transposeB = false): Case => ({
  inputs: {
    a: numbers(transposeA ? [batch, k, m] : [batch, m, k], 1),
    b: numbers(transposeB ? [batch, n, k] : [batch, k, n], 2),
  },
  run: ({ a, b }) => matMul(a!, b!, { transposeA, transposeB }),
});

/** All ways to lie in memory, read one number at a time and four; edges cut the tiles. */
function* products(): Generator<[string, Case]> {
  for (const wide of [false, true])
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        const transposed = [...(transposeA ? ["first"] : []), ...(transposeB ? ["second"] : [])];
        const how = `${transposed.length ? `${transposed.join(" and ")} transposed` : "plain"}, ${wide ? "wide" : "narrow"}`;
        yield [`product, ${how}`, product(wide ? [2, 132, 68, 76] : [2, 130, 65, 77], transposeA, transposeB)];
      }
  // Many results: the larger tiles. Their gradients are the transposed products.
  yield ["product by tiles of 64", product([16, 256, 256, 20])];
  yield ["product by tiles of 128", product([64, 256, 256, 20])];
}

const cases: Record<string, Case> = {
  ...Object.fromEntries(products()),
  "linear with bias": {
    inputs: { x: numbers([3, 50, 68], 1), weight: numbers([132, 68], 2), bias: numbers([132], 3) },
    run: ({ x, weight, bias }) => linear(x!, weight!, bias),
  },
  "linear of a few rows": {
    inputs: { x: numbers([3, 68], 1), weight: numbers([132, 68], 2), bias: numbers([132], 3) },
    run: ({ x, weight, bias }) => linear(x!, weight!, bias),
  },
  "cross-attention": attended({}),
  ...Object.fromEntries([64, 96, 128].map((depth) => [`attention with heads of ${depth}`, deep(depth)])),
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

/**
 * Checks all kernels of `webgpu`, which is open, and leaves it open.
 */
export async function checkKernels(precision: Precision, tell: (check: Check) => void): Promise<void> {
  for (const [what, one] of Object.entries(cases))
    tell(
      await check(`${precision}: ${what}`, tolerances[precision], async () => {
        const [expected, actual] = await onBoth(() => evaluate(one));
        const gradients = Object.keys(one.inputs).map((name) =>
          relativeError(actual.gradients[name]!, expected.gradients[name]!),
        );
        return Math.max(relativeError(actual.output, expected.output), ...gradients);
      }),
    );
}

/** The whole model as the templates have it: width 128, 4 layers, a gate before each. */
const { vision, resampler, language } = presets.tiny;
const wholeModel = {
  ...{ ...language, padded: true, imageSize: vision!.imageSize },
  ...{ latents: resampler.latents, resamplerDepth: resampler.depth },
  ...{ resamplerHeads: resampler.heads, resamplerHeadDim: resampler.headDim },
};

/** Checks of every block on `webgpu` what the tests of blocks check, and of the tiny model that it computes what `cpu` does. */
export async function checkBlocks(tell: (check: Check) => void): Promise<void> {
  const tolerance = 1e-3;
  const agrees = (what: string, computed: () => Promise<Computed>) =>
    check(`block ${what}, forward and backward`, tolerance, async () => {
      const [expected, actual] = await onBoth(computed);
      return Math.max(...compare(actual, expected).map(({ error }) => error));
    });
  for (const [name, block] of withNumbers) tell(await agrees(name, () => compute(block)));
  tell(await agrees("Flamingo, the tiny model", () => compute(Flamingo, wholeModel)));
  const promises = [
    ["declared shapes", everyBlock, checkShapes],
    ["the same bits again", everyBlock, checkSeeds],
    ["the same bits opened", composites, checkOpened],
  ] as const;
  for (const [promise, which, keep] of promises)
    for (const [name, block] of which)
      tell(
        await check(`block ${name}, ${promise}`, 0, async () => {
          await keep(block);
          return 0;
        }),
      );
}

/** The same on `cpu`, then on webgpu, which stays open. */
async function onBoth<T>(compute: () => Promise<T>): Promise<[cpu: T, webgpu: T]> {
  await tf.setBackend("cpu");
  try {
    const expected = await compute();
    await tf.setBackend("webgpu");
    return [expected, await compute()];
  } finally {
    await tf.setBackend("webgpu");
  }
}

/** One check that fails does not end the others. */
export async function check(what: string, tolerance: number, errorOf: () => Promise<number>): Promise<Check> {
  try {
    const error = await errorOf();
    return { what, error: Number.isFinite(error) ? error : null, tolerance, ok: error <= tolerance };
  } catch (thrown) {
    return { what, error: null, tolerance, ok: false, message: String(thrown) };
  }
}
