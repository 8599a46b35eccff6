import * as tf from "@tensorflow/tfjs";
import { registered } from "../../kernels.ts";
import { registerAccumulate } from "./accumulate.ts";
import { activationKernels } from "./activation.ts";
import { registerAdamW } from "./adamW.ts";
import { attentionKernels } from "./attention.ts";
import type { NodeBackend } from "./binding.ts";
import { crossEntropyKernels } from "./crossEntropy.ts";
import { Device } from "./device.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { embeddingKernels } from "./embedding.ts";
import { register, type TensorflowKernel } from "./kernel.ts";
import { layerNormKernels } from "./layerNorm.ts";
import { registerLayout } from "./layout.ts";
import { matMulKernels } from "./matMul.ts";
import { registerNativeAdamW } from "./nativeAdamW.ts";
import { nativeKernels } from "./nativeKernels.ts";
import { registerReshape } from "./reshape.ts";
import { swigluKernels } from "./swiglu.ts";

const kernels: readonly TensorflowKernel[] = [
  ...matMulKernels,
  ...elementwiseKernels,
  ...activationKernels,
  ...swigluKernels,
  ...layerNormKernels,
  ...attentionKernels,
  ...embeddingKernels,
  ...crossEntropyKernels,
];

/**
 * Gives the device our kernels, each a few operations of TensorFlow's, or one of our own where the addon has them (`native`).
 */
export function registerKernels(backend: NodeBackend, native: boolean): void {
  for (const { kernelName } of tf.getKernelsForBackend("tensorflow"))
    if (kernelName.startsWith(registered(""))) tf.unregisterKernel(kernelName, "tensorflow"); // of an earlier call
  const device = new Device(backend);
  const fused = native ? nativeKernels(kernels) : [];
  const names = new Set(fused.map(({ name }) => name));
  for (const kernel of [...kernels.filter(({ name }) => !names.has(name)), ...fused]) register(kernel, device);
  registerAccumulate(device, native);
  registerReshape(device);
  if (native) {
    registerNativeAdamW(device);
    registerLayout(device);
  } else registerAdamW(device);
}
