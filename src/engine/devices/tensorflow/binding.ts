import type { DataId, KernelBackend } from "@tensorflow/tfjs";

/** Number types and attribute types by TensorFlow's own numbers. */
type Constants = Record<
  | "TF_FLOAT"
  | "TF_INT32"
  | "TF_BOOL"
  | "TF_ATTR_TYPE"
  | "TF_ATTR_INT"
  | "TF_ATTR_BOOL"
  | "TF_ATTR_STRING"
  | "TF_ATTR_SHAPE",
  number
>;

export interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

/** A tensor in TensorFlow's memory, by the number that tfjs-node's addon gives it. */
export interface Handle {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: number;
  /** Of a tensor of TensorFlow.js: its data, by which it is known. */
  readonly data?: DataId;
}

/** tfjs-node's native addon. */
export interface Binding extends Constants {
  readonly TF_Version: string;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): Handle[];
}

/** What tfjs-node knows of a tensor: numbers that wait to be sent, or the id of the handle that has them. */
export interface TensorData {
  shape: readonly number[];
  dtype: number;
  id: number;
  values: unknown;
  refCount: number;
}

/** tfjs-node's device, with those of its own parts that our kernels use. */
export interface NodeBackend extends KernelBackend {
  readonly binding: Binding;
  readonly isGPUPackage: boolean;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: {
    get(dataId: DataId): TensorData;
    set(dataId: DataId, data: TensorData): void;
  };
  /** Sends numbers that wait. */
  getInputTensorIds(tensors: readonly { dataId: DataId }[]): number[];
}
