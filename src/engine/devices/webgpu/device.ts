import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { FlamingoError } from "../../../core/errors.ts";
import { sizeOf } from "../../../core/shape.ts";
import { BindGroups, type Binding } from "./bindGroups.ts";
import type { Shader } from "./shader.ts";

/** A part of a tensor, which a shader sees as if it were all: `size` numbers of four bytes from `first` on. */
export interface Span {
  tensor: TensorInfo;
  first: number;
  size: number;
}

/** A shader with what it works on. */
export interface Work {
  shader: Shader;
  reads?: readonly (TensorInfo | Span)[];
  /** New tensors, or old ones that are changed in place. */
  writes: readonly (TensorInfo | Span)[];
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
  /** Bytes that a shader can see of one tensor at once. */
  readonly mostBound: number;
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

/** The part of TensorFlow.js' backend that records commands, which the kernels here share with its own. */
interface Recorder {
  commandEncoder: GPUCommandEncoder;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  uniformPendingDisposal: GPUBuffer[];
}

/** Commands handed to the GPU at once: it works on them while the next are recorded. */
export const commandsPerSubmission = 64;

const uniformUsage = 0x40 | 0x8; // GPUBufferUsage.UNIFORM | COPY_DST, which Node has as a global only once Dawn is loaded

/** A compiled shader, with its layout: asking for the layout each time would cost each command. */
interface Pipeline {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

export class WebgpuDevice implements Device {
  halfProducts = false;
  matrixUnits: MatrixUnits | undefined;
  readonly #backend: WebGPUBackend;
  readonly #recorder: Recorder;
  /** Whether the GPU knows half precision. */
  readonly hasHalf: boolean;
  readonly #uniformBuffers = new Map<string, GPUBuffer>();
  readonly #pipelines = new WeakMap<Shader, Pipeline>();
  readonly #groups: BindGroups;
  readonly mostBound: number;

  /** @param mostBound less than the GPU can, for tests of tensors that are divided */
  constructor(backend: WebGPUBackend, mostBound: number = backend.device.limits.maxStorageBufferBindingSize) {
    this.#backend = backend;
    this.#recorder = backend as unknown as Recorder;
    this.hasHalf = backend.device.features.has("shader-f16");
    this.#groups = new BindGroups(backend.device);
    this.mostBound = mostBound;
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
    const bindings = [...reads, ...writes].map((bound) => this.#bind(bound));
    for (const bound of writes) this.#backend.tensorMap.get(tensorOf(bound).dataId).values = null!; // a copy that was read is old now
    if (given.length > 0) bindings.push(this.#uniforms(shader, given));
    const { pipeline, layout } = this.#pipeline(shader);

    const recorder = this.#recorder;
    this.#backend.ensureCommandEncoderReady();
    recorder.computePassEncoder ??= recorder.commandEncoder.beginComputePass();
    recorder.computePassEncoder.setPipeline(pipeline);
    recorder.computePassEncoder.setBindGroup(0, this.#groups.find(layout, bindings));
    recorder.computePassEncoder.dispatchWorkgroups(x, y, z);
    if (++recorder.dispatchCountInPass < commandsPerSubmission) return;
    this.#backend.endComputePassEncoder();
    this.#backend.submitQueue();
  }

  #pipeline(shader: Shader): Pipeline {
    const known = this.#pipelines.get(shader);
    if (known) return known;
    const { device } = this.#backend;
    const module = device.createShaderModule({ code: shader.code });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    const made = { pipeline, layout: pipeline.getBindGroupLayout(0) };
    this.#pipelines.set(shader, made);
    return made;
  }

  /**
   * TensorFlow.js holds what its own commands use until they are submitted; ours need not: what is disposed may serve the next command,
   * which comes after those before it.
   */
  #bind(bound: TensorInfo | Span): Binding {
    const tensor = tensorOf(bound);
    const { first, size } = "tensor" in bound ? bound : { first: 0, size: sizeOf(bound) };
    if (4 * size > this.mostBound) throw tooLarge(tensor, this.mostBound);
    this.#backend.uploadToGPU(tensor.dataId);
    const buffer = this.#backend.tensorMap.get(tensor.dataId).resource as GPUBuffer;
    return { buffer, offset: 4 * first, size: 4 * size };
  }

  /** The same numbers come again in every step: what was sent once stays there. */
  #uniforms({ numberTypes }: Shader, given: readonly number[]): Binding {
    const integers = new Int32Array(4 * Math.ceil(given.length / 4));
    const floats = new Float32Array(integers.buffer);
    for (const [at, number] of given.entries()) (numberTypes[at] === "f32" ? floats : integers)[at] = number;
    const key = integers.join();
    const known = this.#uniformBuffers.get(key);
    if (known) return { buffer: known, offset: 0, size: known.size };
    if (this.#uniformBuffers.size === mostUniforms) {
      this.#recorder.uniformPendingDisposal.push(...this.#uniformBuffers.values());
      this.#uniformBuffers.clear();
    }
    const buffer = this.#backend.bufferManager.acquireBuffer(integers.byteLength, uniformUsage);
    this.#backend.queue.writeBuffer(buffer, 0, integers);
    this.#uniformBuffers.set(key, buffer);
    return { buffer, offset: 0, size: buffer.size };
  }
}

function tensorOf(bound: TensorInfo | Span): TensorInfo {
  return "tensor" in bound ? bound.tensor : bound;
}

/** A tensor that no shader can see as a whole, where it cannot be split. */
export function tooLarge({ shape, dtype }: Pick<TensorInfo, "shape" | "dtype">, most: number): FlamingoError {
  const message = `a tensor of shape [${shape}], ${dtype}, takes ${4 * sizeOf({ shape })} bytes; this GPU works on at most ${most} at once`;
  return new FlamingoError("OUT_OF_MEMORY", message, {
    fix: "take a smaller batch, or a smaller vocabulary or width",
  });
}
