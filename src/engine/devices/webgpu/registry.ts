import { registerKernels as register } from "../kernel.ts";
import { activationKernels } from "./activation.ts";
import { adamWKernels } from "./adamW.ts";
import { attentionKernels } from "./attention.ts";
import { attentionGradientKernels } from "./attentionGradient.ts";
import { castKernels } from "./cast.ts";
import { clipKernels } from "./clipFactor.ts";
import { crossEntropyKernels } from "./crossEntropy.ts";
import type { Device } from "./device.ts";
import { elementwiseKernels } from "./elementwiseKernels.ts";
import { embeddingKernels } from "./embedding.ts";
import { layerNormKernels } from "./layerNorm.ts";
import { matMulKernels } from "./matMul.ts";
import { quantizedKernels } from "./quantized.ts";
import { rotaryKernels } from "./rotary.ts";
import { sumKernels } from "./sums.ts";
import { swigluKernels } from "./swiglu.ts";
import { unfoldKernels } from "./unfold.ts";
import { writeKernels } from "./write.ts";

const kernels = [
  ...matMulKernels,
  ...elementwiseKernels,
  ...sumKernels,
  ...activationKernels,
  ...swigluKernels,
  ...rotaryKernels,
  ...layerNormKernels,
  ...embeddingKernels,
  ...crossEntropyKernels,
  ...unfoldKernels,
  ...clipKernels,
  ...adamWKernels,
  ...writeKernels,
  ...castKernels,
  ...quantizedKernels,
];

/** Attention keeps its tiles in a workgroup's memory: this many bytes. What WebGPU guarantees is 16,384. */
const attentionMemory = 24_576;

/** Makes this GPU perform the webgpu device's kernels. What it lacks the memory for is done by the plain formula. */
export function registerKernels(device: Device, { maxComputeWorkgroupStorageSize }: GPUSupportedLimits): void {
  register("webgpu", kernels, device);
  if (maxComputeWorkgroupStorageSize >= attentionMemory)
    register("webgpu", [...attentionKernels, ...attentionGradientKernels], device);
}
