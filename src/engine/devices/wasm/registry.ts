import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { registerKernels as register } from "../kernel.ts";
import { activationKernels } from "./activation.ts";
import { adamWKernels } from "./adamW.ts";
import { attentionKernels } from "./attention.ts";
import { boxKernels } from "./boxes.ts";
import { crossEntropyKernels } from "./crossEntropy.ts";
import { openDevice } from "./device.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { embeddingKernels } from "./embedding.ts";
import { layerNormKernels } from "./layerNorm.ts";
import { matMulKernels } from "./matMul.ts";
import type { SharedBackend } from "./module.ts";
import { quantizedKernels } from "./quantized.ts";
import { rotaryKernels } from "./rotary.ts";
import type { Team } from "./team.ts";
import { unfoldKernels } from "./unfold.ts";

const kernels = [
  ...matMulKernels,
  ...elementwiseKernels,
  ...activationKernels,
  ...rotaryKernels,
  ...layerNormKernels,
  ...attentionKernels,
  ...embeddingKernels,
  ...crossEntropyKernels,
  ...unfoldKernels,
  ...adamWKernels,
  ...boxKernels,
  ...quantizedKernels,
];

/** Makes these threads perform the wasm device's kernels. */
export function registerKernels(team: Team, shared: SharedBackend): void {
  register("wasm", kernels, openDevice(team, shared));
  shareOnClone();
}

/**
 * A clone becomes another name of the same numbers, as on other devices; TensorFlow.js' wasm kernel copies them. What
 * writes in place (AdamW, the sum of gradients) does so only where there is one name.
 */
function shareOnClone(): void {
  tf.unregisterKernel("Identity", "wasm");
  tf.registerKernel({
    kernelName: "Identity",
    backendName: "wasm",
    kernelFunc({ inputs, backend }) {
      const { x } = inputs as { x: tf.TensorInfo };
      (backend as BackendWasm).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}
