import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { FlamingoError } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import { takeOldestFirst } from "./bufferOrder.ts";
import { commandsPerSubmission, type MatrixUnits, tooLarge, WebgpuDevice } from "./device.ts";
import { multiply } from "./matMul.ts";
import { findMatrixUnits } from "./matrixUnits.ts";
import { registerKernels } from "./registry.ts";

/**
 * TensorFlow.js' backend with errors of the GPU reported: a GPU drops a faulty command, and later ones would compute
 * with wrong numbers.
 */
class CarefulBackend extends WebGPUBackend {
  #failure: FlamingoError | undefined;

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    takeOldestFirst(this);
    device.addEventListener("uncapturederror", ({ error }) => {
      const full = error instanceof GPUOutOfMemoryError;
      this.#failure ??= full
        ? new FlamingoError("OUT_OF_MEMORY", "the GPU has no memory left", { fix: "take a smaller batch or model" })
        : new FlamingoError("INTERNAL", `the GPU refused a command: ${error.message}`);
    });
    void device.lost.then(({ message }) => {
      this.#failure ??= new FlamingoError("DEVICE_UNAVAILABLE", `the GPU is lost: ${message}`, { fix: "start again" });
    });
  }

  /** Numbers that are read come after all commands before: whichever of them failed, this tells. */
  override async read(dataId: tf.DataId): Promise<tf.backend_util.TypedArray> {
    try {
      const values = await super.read(dataId);
      if (!this.#failure) return values as tf.backend_util.TypedArray;
    } catch (error) {
      // Of a lost GPU a read knows before the GPU's own word comes, and does not know why.
      await Promise.race([this.device.lost, new Promise((resolve) => setImmediate(resolve))]);
      if (!this.#failure) throw error;
    }
    throw this.#failure;
  }

  override uploadToGPU(dataId: tf.DataId): void {
    const data = this.tensorMap.get(dataId);
    const { shape, dtype, resource, values } = data;
    if (resource) return;
    checkSize({ shape, dtype }, this.device.limits.maxBufferSize);
    super.uploadToGPU(dataId);
    // Ids are checked on the host, where TensorFlow.js would forget them now.
    if (dtype === "int32") data.values = values;
  }

  /** TensorFlow.js' own kernels bind tensors as a whole; ours, which do not come here, may divide them. */
  override runWebGPUProgram(...work: Parameters<WebGPUBackend["runWebGPUProgram"]>): tf.TensorInfo {
    const [{ outputShape: shape }, inputs, dtype] = work;
    for (const tensor of [...inputs, { shape, dtype }])
      checkSize(tensor, this.device.limits.maxStorageBufferBindingSize);
    return super.runWebGPUProgram(...work);
  }
}

function checkSize(tensor: Pick<tf.TensorInfo, "shape" | "dtype">, most: number): void {
  if (4 * sizeOf(tensor) > most) throw tooLarge(tensor, most);
}

let opened: WebgpuDevice | undefined;

/** Registers TensorFlow.js' backend on this GPU, with our own kernels. */
export async function startBackend(gpu: GPUDevice, info: GPUAdapterInfo): Promise<void> {
  const backend = new CarefulBackend(gpu, info);
  tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", commandsPerSubmission);
  const device = new WebgpuDevice(backend);
  const units = findMatrixUnits(info, gpu.features);
  if (units && (await agree(units, device, backend))) device.matrixUnits = units;
  tf.registerBackend("webgpu", () => backend);
  registerKernels(device, gpu.limits);
  opened = device;
}

/** The numbers of a tensor of integers that the host made. */
export function hostCopy({ dataId }: tf.Tensor): ArrayLike<number> | undefined {
  const { values } = (tf.backend() as CarefulBackend).tensorMap.get(dataId);
  return (values as ArrayLike<number> | null) ?? undefined;
}

/** What starts half precision, on a GPU that has it: see `setHalfProducts`. */
export function halfProductsStart(): (() => () => void) | undefined {
  if (!opened?.hasHalf) return undefined;
  return () => {
    setHalfProducts(true);
    return () => void setHalfProducts(false);
  };
}

/**
 * Makes products take their operands in half precision, with sums in single precision, on the GPU's matrix units where they work. Numbers
 * above 65,504 become infinite then, and those below 6e-8 zero: gradients want a scaled loss.
 *
 * @returns whether products run on matrix units
 * @throws FlamingoError DEVICE_UNAVAILABLE if webgpu is not open, or the GPU has no half precision.
 */
export function setHalfProducts(half: boolean): boolean {
  if (!opened) throw new FlamingoError("DEVICE_UNAVAILABLE", "the device webgpu is not open", { fix: "open it first" });
  if (half && !opened.hasHalf)
    throw new FlamingoError("DEVICE_UNAVAILABLE", "this GPU does not offer half precision (shader-f16)", {
      fix: "stay with single precision",
    });
  opened.halfProducts = half;
  return half && opened.matrixUnits !== undefined;
}

/** Whether these matrix units give what the plain kernel gives, on a product whose edges cut their matrices. */
export async function agree(units: MatrixUnits, device: WebgpuDevice, backend: WebGPUBackend): Promise<boolean> {
  const [m, n, k] = [70, 150, 50];
  const tensor = (shape: number[], seed: number) => {
    const values = Float32Array.from({ length: shape[0]! * shape[1]! }, (_, at) => Math.sin(seed * (at + 1)));
    return backend.makeTensorInfo(shape, "float32", values);
  };
  const [a, b] = [tensor([m, k], 1), tensor([n, k], 2)];
  const sizes = { batch: 1, m, n, k, transposeA: false, transposeB: true, shape: [m, n] };
  backend.device.pushErrorScope("validation");
  const results = [undefined, units].map((tried) => multiply(device, { a, b }, sizes, tried));
  backend.endComputePassEncoder();
  backend.submitQueue();
  const refused = backend.device.popErrorScope();
  const [expected, actual] = await Promise.all(
    results.map(async ({ dataId }) => (await backend.read(dataId)) as Float32Array),
  );
  for (const { dataId } of [a, b, ...results]) backend.disposeData(dataId);
  return (await refused) === null && expected!.every((number, at) => Math.abs(number - actual![at]!) < 0.05);
}
