import fc from "fast-check";
import { expect, test } from "vitest";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { multiply } from "../../src/engine/ops/elementwise.ts";
import { joinTokens, tokenLogits, tokenVectors } from "../../src/engine/ops/embedding.ts";
import * as tf from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";
import { seed, size, tries } from "./agreement.ts";
import { relativeError } from "./evaluate.ts";
import { numbers, tensorOf } from "./numbers.ts";

const sizes = fc.record({ tokens: size, added: fc.integer({ min: 1, max: 3 }), dim: size, length: size, seed });

type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never;

/** Two rows of text in, logits out, and the gradients of the pretrained tokens and of those that were added. */
async function differentiate({ tokens, added, dim, length, seed }: Sizes, frozen: boolean) {
  const [pretrained, fresh] = tf.tidy(() => [
    tf.variable(tensorOf(numbers([tokens, dim], seed)), !frozen),
    tf.variable(tensorOf(numbers([added, dim], seed + 1))),
  ]);
  const cotangent = numbers([2, length, tokens + added], seed + 2);
  // Steps that share no factor with most sizes: frozen tokens and new ones in turn.
  const ids = Int32Array.from({ length: 2 * length }, (_, at) => (at * 7 + seed) % (tokens + added));
  const loss = () => {
    const table = joinTokens(pretrained!, fresh!);
    const vectors = tokenVectors(table, tf.tensor(ids, [2, length], "int32"));
    return tf.sum(multiply(tokenLogits(vectors, table), tensorOf(cotangent)));
  };
  const before = tf.memory().numTensors;
  const { value, gradients } = valueAndGradients(loss, [pretrained!, fresh!]);
  const read = async (tensor: tf.Tensor | null) => tensor && ((await tensor.data()) as Float32Array);
  const found = {
    value: (await value.data())[0]!,
    all: await read(gradients[0]!),
    added: (await read(gradients[1]!))!,
  };
  tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
  expect(tf.memory().numTensors, "tensors left behind").toBe(before);
  tf.dispose([pretrained!, fresh!]);
  return found;
}

describeDevices("a frozen table of tokens", (device) => {
  test("gets no gradient, and its new tokens get the one that they have in a table that learns", async () => {
    await tf.setBackend(device);
    await fc.assert(
      fc.asyncProperty(sizes, async (one) => {
        const [frozen, learnt] = [await differentiate(one, true), await differentiate(one, false)];
        expect(frozen.value).toBe(learnt.value);
        expect(frozen.all).toBeNull();
        expect(learnt.all).not.toBeNull();
        expect(relativeError(frozen.added, learnt.added)).toBeLessThan(device === "webgpu" ? 1e-4 : 2e-5);
      }),
      tries(device),
    );
  });
});
