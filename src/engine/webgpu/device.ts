import type { DataId, DataType, TensorInfo } from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { FlamingoError } from "../../core/errors.ts";
import type { Shader } from "./shader.ts";

/** A shader with what it works on. */
export interface Work {
  shader: Shader;
  reads?: readonly TensorInfo[];
  /** New tensors, or old ones that are changed in place. */
  writes: readonly TensorInfo[];
  given?: readonly number[];
  /** Workgroups along x, y and z. */
  groups: readonly [number, number?, number?];
}

/** Lists of numbers that are kept on the GPU, some hundred bytes each. */
const mostUniforms = 4096;

/** What a kernel works with: the queue of TensorFlow.js' backend, and tensors on the GPU. */
export interface Device {
  /** Products take their operands in half precision and add in single precision. */
  readonly halfProducts: boolean;
  /** How products reach the GPU's matrix units, where that was seen to work. */
  readonly matrixUnits: MatrixUnits | undefined;
  /** A new tensor of undefined content. */
  output(shape: readonly number[], dtype?: DataType): TensorInfo;
  /** Frees a tensor that no one outside the kernel has seen. */
  release(tensor: TensorInfo): void;
  /** Adds work to the queue, after what is there. */
  perform(work: Work): void;
}

/** A product of small matrices that a subgroup computes together: sizes of f16 operands with f32 sums. */
export interface MatrixUnits {
  m: number;
  n: number;
  k: number;
  /** Threads of a subgroup. */
  lanes: number;
}

/** The part of TensorFlow.js' backend that records commands: ours stand in line with its own. */
interface Recorder {
  commandEncoder: GPUCommandEncoder;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  commandQueueOwnedIds: WeakSet<DataId>;
  uniformPendingDisposal: GPUBuffer[];
}

/** Commands handed to the GPU at once. Tensors that were disposed meanwhile are freed then. */
export const commandsPerSubmission = 64;

const uniformUsage = 0x40 | 0x8; // GPUBufferUsage.UNIFORM | COPY_DST, which Node has as a global only once Dawn is loaded

export class WebgpuDevice implements Device {
  halfProducts = false;
  matrixUnits: MatrixUnits | undefined;
  readonly #backend: WebGPUBackend;
  readonly #recorder: Recorder;
  /** Whether the GPU knows half precision. */
  readonly hasHalf: boolean;
  readonly #uniformBuffers = new Map<string, GPUBuffer>();
  readonly #pipelines = new WeakMap<Shader, GPUComputePipeline>();

  constructor(backend: WebGPUBackend) {
    this.#backend = backend;
    this.#recorder = backend as unknown as Recorder;
    this.hasHalf = backend.device.features.has("shader-f16");
  }

  output(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    return this.#backend.makeTensorInfo([...shape], dtype);
  }

  release(tensor: TensorInfo): void {
    this.#backend.disposeData(tensor.dataId);
  }

  perform({ shader, reads = [], writes, given = [], groups }: Work): void {
    const [x, y = 1, z = 1] = groups;
    if (x * y * z === 0) return;
    const limit = this.#backend.device.limits.maxComputeWorkgroupsPerDimension;
    if (Math.max(x, y, z) > limit)
      throw new FlamingoError(
        "OUT_OF_MEMORY",
        `an operation needs ${x} x ${y} x ${z} workgroups, the GPU has ${limit}`,
        {
          fix: "take a smaller batch",
        },
      );
    const entries = [...reads, ...writes].map((tensor, binding) => ({ binding, resource: this.#buffer(tensor) }));
    for (const { dataId } of writes) this.#backend.tensorMap.get(dataId).values = null!; // a copy that was read is old now
    if (given.length > 0) entries.push({ binding: shader.buffers, resource: this.#uniforms(shader, given) });
    const pipeline = this.#pipeline(shader);
    const bindGroup = this.#backend.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });

    const recorder = this.#recorder;
    this.#backend.ensureCommandEncoderReady();
    recorder.computePassEncoder ??= recorder.commandEncoder.beginComputePass();
    recorder.computePassEncoder.setPipeline(pipeline);
    recorder.computePassEncoder.setBindGroup(0, bindGroup);
    recorder.computePassEncoder.dispatchWorkgroups(x, y, z);
    if (++recorder.dispatchCountInPass < commandsPerSubmission) return;
    this.#backend.endComputePassEncoder();
    this.#backend.submitQueue();
  }

  #pipeline(shader: Shader): GPUComputePipeline {
    const known = this.#pipelines.get(shader);
    if (known) return known;
    const { device } = this.#backend;
    const module = device.createShaderModule({ code: shader.code });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    this.#pipelines.set(shader, pipeline);
    return pipeline;
  }

  #buffer({ dataId }: TensorInfo): { buffer: GPUBuffer } {
    this.#backend.uploadToGPU(dataId);
    this.#recorder.commandQueueOwnedIds.add(dataId);
    return { buffer: this.#backend.tensorMap.get(dataId).resource as GPUBuffer };
  }

  /** The same numbers come again in every step: what was sent once stays there. */
  #uniforms({ numberTypes }: Shader, given: readonly number[]): { buffer: GPUBuffer } {
    const integers = new Int32Array(4 * Math.ceil(given.length / 4));
    const floats = new Float32Array(integers.buffer);
    for (const [at, number] of given.entries()) (numberTypes[at] === "f32" ? floats : integers)[at] = number;
    const key = integers.join();
    const known = this.#uniformBuffers.get(key);
    if (known) return { buffer: known };
    if (this.#uniformBuffers.size === mostUniforms) {
      this.#recorder.uniformPendingDisposal.push(...this.#uniformBuffers.values());
      this.#uniformBuffers.clear();
    }
    const buffer = this.#backend.bufferManager.acquireBuffer(integers.byteLength, uniformUsage);
    this.#backend.queue.writeBuffer(buffer, 0, integers);
    this.#uniformBuffers.set(key, buffer);
    return { buffer };
  }
}

export function sizeOf(tensor: { shape: readonly number[] }): number {
  return tensor.shape.reduce((product, size) => product * size, 1);
}
