import * as tf from "@tensorflow/tfjs";
import { adapterName, findAdapter, isSoftware } from "./adapter.ts";
import { isMissing, type Missing, type Opened } from "./availability.ts";

/** What the kernels can use where the GPU has it: profiling, half precision, exchange within a subgroup. */
const wantedFeatures = ["timestamp-query", "shader-f16", "subgroups"] as const;

/** As much as the GPU has of what bounds the size of tensors and of workgroups. */
const wantedLimits = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
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
    if (!tf.findBackendFactory("webgpu")) await registerWebgpu();
    if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js could not start it");
  } catch (error) {
    return {
      missing: `${adapterName(adapter.info)} does not open: ${(error as Error).message}`,
      fix: "update your GPU's driver",
    };
  }
  const software = isSoftware(adapter.info);
  return { description: `${adapterName(adapter.info)}${software ? " (a GPU emulated on the CPU)" : ""}`, software };
}

async function registerWebgpu(): Promise<void> {
  const { create, globals } = await import("webgpu");
  // Before `navigator.gpu` is there, so that the package does not register a backend that asks for no features.
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  Object.assign(globalThis, globals);
  const gpu = create([]);
  // TensorFlow.js looks for WebGPU where browsers have it; Node 20 has no `navigator`, later ones have it without `gpu`.
  if (!globalThis.navigator) Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, "gpu", { value: gpu, configurable: true });

  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("it is gone since it was found");
  const device = await adapter.requestDevice({
    requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(wantedLimits.map((limit) => [limit, adapter.limits[limit]])),
  });
  // A faulty command is dropped by the GPU, and what follows would compute on with wrong numbers.
  device.addEventListener("uncapturederror", ({ error }) => {
    throw new Error(`the GPU refused a command: ${error.message}`);
  });
  // By default small tensors may take the CPU's kernels: a result would then depend on its size.
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info));
}
