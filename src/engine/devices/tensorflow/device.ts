import type { DataId, TensorInfo } from "@tensorflow/tfjs";
import type { Attribute, Binding, Handle, NodeBackend } from "./binding.ts";
import { ByProducts } from "./byProducts.ts";

/** Constants that are kept in TensorFlow's memory at most; then all are freed. */
const mostConstants = 500;

/** Attributes that our kernels' operations take, made once. */
export type Attributes = ReturnType<typeof attributesOf>;

/** TensorFlow for our kernels, past TensorFlow.js' bookkeeping, which costs more than a small operation does. */
export class Device {
  readonly binding: Binding;
  readonly attributes: Attributes;
  readonly byProducts: ByProducts;
  readonly #backend: NodeBackend;
  readonly #constants = new Map<string, Handle>();

  constructor(backend: NodeBackend) {
    this.#backend = backend;
    this.binding = backend.binding;
    this.attributes = attributesOf(backend.binding);
    this.byProducts = new ByProducts(({ id }) => this.binding.deleteTensor(id));
    this.onDispose((dataId) => this.byProducts.drop(dataId));
  }

  /** The handle of a tensor, which stays the tensor's. */
  handleOf({ dataId, shape }: TensorInfo): Handle {
    const [id] = this.#backend.getInputTensorIds([{ dataId }]);
    return { id: id!, shape, dtype: this.#backend.tensorMap.get(dataId).dtype, data: dataId };
  }

  /** A tensor of TensorFlow.js that owns this handle from now on. */
  tensorOf({ id, shape, dtype }: Handle): TensorInfo {
    const dataId: DataId = {};
    this.#backend.tensorMap.set(dataId, { shape, dtype, id, values: null, refCount: 1 });
    const { TF_FLOAT, TF_INT32 } = this.binding;
    return { dataId, shape: [...shape], dtype: dtype === TF_FLOAT ? "float32" : dtype === TF_INT32 ? "int32" : "bool" };
  }

  /** Frees a tensor's handle. The tensor is of no use until it gets another. */
  dropHandle({ dataId }: TensorInfo): void {
    const data = this.#backend.tensorMap.get(dataId);
    this.binding.deleteTensor(data.id);
    data.id = -1;
  }

  /** Gives a tensor another handle; frees the one it had, if it has not been dropped. */
  replaceHandle(tensor: TensorInfo, { id }: Handle): void {
    const data = this.#backend.tensorMap.get(tensor.dataId);
    if (data.id >= 0) this.dropHandle(tensor);
    data.id = id;
  }

  /** Calls `then` when a tensor's numbers are freed. */
  onDispose(then: (dataId: DataId) => void): void {
    const dispose = this.#backend.disposeData.bind(this.#backend);
    this.#backend.disposeData = (dataId, force) => {
      const gone = dispose(dataId, force);
      if (gone) then(dataId);
      return gone;
    };
  }

  execute(name: string, inputs: readonly Handle[], attributes: readonly Attribute[], outputs: number): Handle[] {
    const ids = inputs.map(({ id }) => id);
    return this.binding.executeOp(name, attributes, ids, outputs);
  }

  /** What operations take again and again: axes, shapes, factors, masks. Not to be freed, nor kept by a kernel. */
  constant(key: string, shape: readonly number[], make: () => Float32Array | Int32Array): Handle {
    const known = this.#constants.get(key);
    if (known) return known;
    const values = make();
    const dtype = values instanceof Float32Array ? this.binding.TF_FLOAT : this.binding.TF_INT32;
    const handle = { id: this.binding.createTensor(shape, dtype, values), shape, dtype };
    this.#constants.set(key, handle);
    return handle;
  }

  /** Frees the constants where many have gathered; between two kernels only. */
  tidyConstants(): void {
    if (this.#constants.size < mostConstants) return;
    for (const { id } of this.#constants.values()) this.binding.deleteTensor(id);
    this.#constants.clear();
  }
}

function attributesOf(binding: Binding) {
  const type = (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value });
  const yes = (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const whole = (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_INT, value });
  const { TF_FLOAT, TF_INT32 } = binding;
  const [floats, integers] = [type("T", TF_FLOAT), type("T", TF_INT32)];
  return {
    floats: [floats],
    integers: [integers],
    flags: [type("T", binding.TF_BOOL)],
    reshape: (dtype: number) => [type("T", dtype), type("Tshape", TF_INT32)],
    transpose: [floats, type("Tperm", TF_INT32)],
    tile: [floats, type("Tmultiples", TF_INT32)],
    slice: [floats, type("Index", TF_INT32)],
    reduce: (kept: boolean) => [yes("keep_dims", kept), floats, type("Tidx", TF_INT32)],
    product: (a: boolean, b: boolean) => [yes("transpose_a", a), yes("transpose_b", b), floats],
    products: (a: boolean, b: boolean) => [yes("adj_x", a), yes("adj_y", b), floats],
    cast: (from: number, to: number) => [type("SrcT", from), type("DstT", to), yes("Truncate", false)],
    gather: [type("Tparams", TF_FLOAT), type("Tindices", TF_INT32), type("Taxis", TF_INT32)],
    segmentSum: [floats, type("Tindices", TF_INT32), type("Tnumsegments", TF_INT32)],
    gatherPlaces: [type("Tparams", TF_FLOAT), type("Tindices", TF_INT32)],
    scatter: [floats, type("Tindices", TF_INT32)],
    pack: (count: number, axis: number) => [integers, whole("N", count), whole("axis", axis)],
    many: (count: number) => [whole("N", count)],
    variable: type("dtype", TF_FLOAT),
    shape: (shape: readonly number[]): Attribute => ({ name: "shape", type: binding.TF_ATTR_SHAPE, value: shape }),
    sharedName: (name: string): Attribute => ({ name: "shared_name", type: binding.TF_ATTR_STRING, value: name }),
    adam: [floats, yes("use_locking", false), yes("use_nesterov", false)],
  };
}
