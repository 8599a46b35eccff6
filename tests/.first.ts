import * as tf from "@tensorflow/tfjs";
import { openWasm } from "/work/main/src/engine/wasm/backend.ts";
import "/work/main/src/engine/tensor.ts";
import { attention } from "/work/main/src/engine/attention.ts";
import { crossEntropy } from "/work/main/src/engine/crossEntropy.ts";
import { conv2d } from "/work/main/src/engine/conv2d.ts";
import { embedding } from "/work/main/src/engine/embedding.ts";
import { gelu } from "/work/main/src/engine/gelu.ts";
import { layerNorm } from "/work/main/src/engine/layerNorm.ts";
import { linear } from "/work/main/src/engine/linear.ts";
import { gatedAdd } from "/work/main/src/engine/gatedAdd.ts";
import { adamW } from "/work/main/src/engine/adamW.ts";
import { globalNorm, clipFactor } from "/work/main/src/engine/globalNorm.ts";
import { valueAndGradients } from "/work/main/src/engine/gradients.ts";
for (const b of ["cpu", "wasm"]) {
  if (b === "wasm") console.log(await openWasm()); else await tf.setBackend(b);
  const v = (shape: number[], i: number) => tf.variable(tf.randomNormal(shape, 0, 0.5, "float32", i));
  const vars = { w: v([6, 12], 1), b: v([6], 2), conv: v([4, 3, 3, 3], 3), table: v([9, 12], 4), g: v([1], 5), q: v([12, 12], 6), ln: v([12], 7), up: v([12, 4], 8), unused: v([3], 9) };
  const img = tf.randomNormal([2, 5, 5, 3], 0, 1, "float32", 11);
  const f = () => {
    const x = embedding(vars.table, tf.tensor([1, 2, 3, 4, 5, 6, 7, 8, 1, 1], [2, 5], "int32"));
    const y = conv2d(img, vars.conv, undefined, { stride: 2, padding: 1 }).reshape([2, 9, 4]);
    const k = gelu(linear(y, vars.up));
    const mask = tf.tensor([1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0], [2, 5, 3], "int32");
    const a = attention(layerNorm(linear(x, vars.q), vars.ln), k, k, { heads: 3, causal: true, slopes: [0.5, 0.25, 0.1], mask });
    const h = gatedAdd(x, a, vars.g);
    return crossEntropy(linear(h, vars.w, vars.b).reshape([10, 6]), tf.tensor([0, 1, 2, 3, -100, 5, 0, 1, 2, -100], [10], "int32")).loss;
  };
  const n0 = tf.memory().numTensors;
  const { value, gradients } = valueAndGradients(f as any, Object.values(vars));
  console.log(b, value.dataSync()[0], gradients.map((g) => g && g.abs().sum().dataSync()[0]));
  const ps = Object.values(vars).map((value, i) => ({ value, gradient: gradients[i] ?? tf.zeros(value.shape), m: tf.variable(tf.zeros(value.shape)), v: tf.variable(tf.zeros(value.shape)), rate: 0.1, decay: 0.1 }));
  const norm = globalNorm(ps.map((p) => p.gradient as tf.Tensor));
  adamW(ps as any, { step: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip: clipFactor(norm, 1) });
  console.log(norm.dataSync()[0], tf.tidy(() => f().dataSync()[0]));
}
