import { registerGradient } from "../wasm/kernel.ts";
import { definitions as wasmDefinitions } from "../wasm/registry.ts";
import { activationKernels } from "./activation.ts";
import { adamWKernels } from "./adamW.ts";
import { attentionKernels } from "./attention.ts";
import { attentionGradientKernels } from "./attentionGradient.ts";
import { cast } from "./cast.ts";
import { clipKernels } from "./clipFactor.ts";
import { crossEntropyKernels } from "./crossEntropy.ts";
import type { Device } from "./device.ts";
import { elementwiseKernels } from "./elementwiseKernels.ts";
import { embeddingKernels } from "./embedding.ts";
import { type KernelDefinition, register } from "./kernel.ts";
import { layerNormKernels } from "./layerNorm.ts";
import { matMulKernels } from "./matMul.ts";
import { rotaryKernels } from "./rotary.ts";
import { sumKernels } from "./sums.ts";
import { swigluKernels } from "./swiglu.ts";
import { unfoldKernels } from "./unfold.ts";
import { writeKernels } from "./write.ts";

const definitions: readonly KernelDefinition[] = [
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
  cast,
];

/** Attention keeps its tiles in a workgroup's memory: this many bytes. What WebGPU guarantees is 16,384. */
const attentionMemory = 24_576;

/** Makes this GPU perform the webgpu device's kernels. What it lacks the memory for is done by the plain formula. */
export function registerKernels(device: Device, { maxComputeWorkgroupStorageSize }: GPUSupportedLimits): void {
  for (const definition of definitions) register(definition, device);
  if (maxComputeWorkgroupStorageSize >= attentionMemory)
    for (const definition of [...attentionKernels, ...attentionGradientKernels]) register(definition, device);
  for (const definition of wasmDefinitions) registerGradient(definition);
}
