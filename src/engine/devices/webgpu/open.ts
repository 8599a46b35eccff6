import * as tf from "@tensorflow/tfjs";
import { setCapabilities } from "../capabilities.ts";
import { isMissing, type Missing, type Opened } from "../opened.ts";
import { adapterName, findAdapter, isSoftware } from "./adapter.ts";

/** What the kernels can use where the GPU has it: profiling, half precision, exchange within a subgroup. */
const wantedFeatures = [
  ...["timestamp-query", "shader-f16", "subgroups"],
  "chromium-experimental-subgroup-matrix", // tensor cores
] as GPUFeatureName[];

/** As much as the GPU has of what bounds the size of tensors and of workgroups. */
const wantedLimits = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const;

/**
 * Opens a GPU of any vendor through Dawn, WebGPU as an npm package, and makes it the current device.
 *
 * Results come asynchronously only: `await tensor.data()`.
 */
export async function openWebgpu(allowSoftware: boolean): Promise<Opened | Missing> {
  const adapter = await findAdapter(allowSoftware);
  if (isMissing(adapter)) return adapter;
  if (adapter.manifest) process.env.VK_ICD_FILENAMES = adapter.manifest;
  try {
    if (!tf.findBackendFactory("webgpu")) await registerWebgpu(isSoftware(adapter.info));
    if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js could not start it");
  } catch (error) {
    return {
      missing: `${adapterName(adapter.info)} does not open: ${(error as Error).message}`,
      fix: "update your GPU's driver",
    };
  }
  const software = isSoftware(adapter.info);
  const { halfProductsStart, hostCopy } = await import("./backend.ts");
  const startHalfProducts = halfProductsStart();
  const capabilities = {
    readsAtOnce: false,
    rowsKeepBits: true,
    hostCopy,
    ...(startHalfProducts && { startHalfProducts }),
  };
  setCapabilities("webgpu", capabilities);
  return {
    ...capabilities,
    description: `${adapterName(adapter.info)}${software ? " (a GPU emulated on the CPU)" : ""}`,
    software,
    // WebGPU does not report how much memory a GPU has; an emulated one has the machine's.
    ...(software ? { memory: process.availableMemory() } : {}),
  };
}

/**
 * Matrix units are an experiment of Dawn's, unsafe only where strangers' shaders run. SwiftShader compiles a store for every
 * element of a workgroup's memory that the driver shall clear: Dawn's own loop for it compiles some 25 times as fast.
 */
function dawnOptions(software: boolean): string[] {
  const slow = "use_vulkan_zero_initialize_workgroup_memory_extension";
  return ["enable-dawn-features=allow_unsafe_apis", ...(software ? [`disable-dawn-features=${slow}`] : [])];
}

async function registerWebgpu(software: boolean): Promise<void> {
  const { create, globals } = await import("webgpu");
  // Before `navigator.gpu` is there, so that the package does not register a backend that asks for no features.
  const { startBackend } = await import("./backend.ts");
  Object.assign(globalThis, globals);
  const gpu = create(dawnOptions(software));
  // TensorFlow.js expects WebGPU where browsers have it; Node 20 has no `navigator`, later ones have it without `gpu`.
  if (!globalThis.navigator) Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });

  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("it is gone since it was found");
  const device = await adapter.requestDevice({
    requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(wantedLimits.map((limit) => [limit, adapter.limits[limit]])),
  });
  // By default small tensors may take the CPU's kernels: a result would then depend on its size.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  await startBackend(device, adapter.info);
}
