import { runInThisContext } from "node:vm";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { OpenScopes } from "../../src/engine/autodiff/interruption.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { matMul } from "../../src/engine/ops/matMul.ts";

const size = 512;
const hand = runInThisContext("(run) => { globalThis.toTerminate = run; }") as (run: () => unknown) => void;

/** Runs code, and terminates it wherever it is after a while: no `catch` and no `finally` of it runs. */
function terminate(run: () => unknown): void {
  hand(run);
  expect(() => runInThisContext("globalThis.toTerminate()", { timeout: 60 })).toThrow(/timed out/);
}

let variable: tf.Variable;
let ones: tf.Tensor;
let large: tf.Tensor;
beforeAll(async () => {
  await openDevice("wasm", { threads: 4 });
  variable = tf.variable(tf.ones([size, size]));
  ones = tf.ones([size, size]);
  large = tf.ones([2048, 2048]);
});

const loss = () => tf.sum(matMul(variable, ones)) as tf.Tensor;

const endless: Record<string, () => void> = {
  "an operation": () => {
    for (;;) matMul(ones, ones).dispose();
  },
  "an operation on which other threads are still at work": () => {
    matMul(large, large);
  },
  "scopes within scopes": () => {
    tf.tidy(() =>
      tf.tidy(() => {
        for (;;) matMul(ones, ones);
      }),
    );
  },
  "a gradient": () => {
    for (;;) {
      const { value, gradients } = valueAndGradients(loss, [variable]);
      tf.dispose([value, ...gradients] as tf.Tensor[]);
    }
  },
  "a gradient of TensorFlow.js": () => {
    for (;;) tf.dispose(tf.variableGrads(loss as () => tf.Scalar));
  },
};

describe.each(Object.entries(endless))("where %s was terminated", (_, run) => {
  test("all scopes are closed, and what is computed next is right", () => {
    const scopes = new OpenScopes();
    tf.engine().startScope(); // that of somebody who is not terminated
    scopes.note();
    terminate(run);
    scopes.closeOthers();
    const { state } = tf.engine() as unknown as { state: Record<string, unknown> & { scopeStack: object[] } };
    expect(state).toMatchObject({ kernelDepth: 0, gradientDepth: 0, activeTape: null });
    expect(state.scopeStack).toHaveLength(1);
    expect(state.activeScope).toBe(state.scopeStack[0]);
    tf.engine().endScope();

    const { value, gradients } = valueAndGradients(loss, [variable]);
    expect(value.dataSync()[0]).toBe(size ** 3);
    expect(gradients[0]!.dataSync().every((each) => each === size)).toBe(true);
    tf.dispose([value, ...gradients] as tf.Tensor[]);
  });
});
