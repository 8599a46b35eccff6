import { shortJson } from "../../core/json.ts";
import { isSizes, sizeOf } from "../../core/shape.ts";
import type { ByteSource } from "../byteSource.ts";
import { type Dtype, dtypes } from "../dtypes.ts";
import { refuse } from "../refuse.ts";
import { checkName } from "../safetensorsHeader.ts";
import { lazyTensor, type StoredTensor, type WeightsFile } from "../storedTensor.ts";
import { PersistentId, type Pickled, PickledGlobal, type PickleRules, readPickle } from "./pickle.ts";
import { isZip, readZip, type ZipEntry } from "./zip.ts";

/** PyTorch's storage classes by the type of their numbers. Complex and quantised ones are not among them. */
export const storageTypes: Readonly<Record<string, Dtype>> = {
  "torch.BoolStorage": "BOOL",
  "torch.ByteStorage": "U8",
  "torch.CharStorage": "I8",
  "torch.ShortStorage": "I16",
  "torch.IntStorage": "I32",
  "torch.LongStorage": "I64",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.FloatStorage": "F32",
  "torch.DoubleStorage": "F64",
};

/** The entries of a training checkpoint that hold the model's state dict, as OpenFlamingo and others name them. */
const stateDictKeys = ["model_state_dict", "state_dict", "model", "module"];

/** A pickle takes some hundred bytes for each tensor. */
const longestPickle = 1 << 26;
/** PyTorch's own limit. */
const mostAxes = 64;

/** What `torch.save` began with before version 1.6: a number of ten bytes as a pickle. */
const legacyMagic = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** A tensor as the pickle describes it. */
class PickledTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

interface Storage {
  readonly dtype: Dtype;
  readonly count: number;
  readonly entry: ZipEntry;
}

/** Whether bytes begin as a PyTorch checkpoint or another pickle does. */
export function isPytorch(bytes: ByteSource): boolean {
  return isZip(bytes) || (bytes.size > 0 && bytes.read(0, 1)[0] === 0x80);
}

/**
 * Opens a PyTorch checkpoint (`.pt`, `.bin`): a state dict, or a training checkpoint that holds one. It is read as data: the
 * pickle in it may have dictionaries, lists, numbers, texts and tensors, and whatever else it asks for is refused by its name.
 * The numbers of a tensor are read when somebody looks at them.
 *
 * @throws FlamingoError INVALID_WEIGHTS if the file is damaged, in the format of before PyTorch 1.6, or holds anything but tensors
 * @see https://pytorch.org/docs/stable/notes/serialization.html
 */
export function openPytorch(bytes: ByteSource): WeightsFile {
  const { name: source } = bytes;
  if (!isZip(bytes)) throw notZip(bytes);
  const files = readZip(bytes);
  const pickles = [...files.keys()].filter((name) => /^[^/]*\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1)
    throw refuse(source, `the zip has ${pickles.length} files data.pkl, so it is no PyTorch checkpoint`);
  const prefix = pickle.slice(0, -"data.pkl".length);
  const order = files.get(`${prefix}byteorder`);
  if (order && new TextDecoder().decode(order.read(0, Math.min(order.size, 16))) !== "little")
    throw refuse(source, "its numbers are not stored little end first", { fix: "save it on another machine" });
  const { size, read } = files.get(pickle)!;
  if (size > longestPickle)
    throw refuse(source, `its pickle has ${size} bytes, more than tensors need (${longestPickle})`);
  const storageOf = (key: string) => files.get(`${prefix}data/${key}`);
  const root = readPickle(read(0, size), new TensorRules(storageOf, source), source);
  const tensors = new Map<string, StoredTensor>();
  for (const [key, value] of stateDictOf(root, source)) {
    if (!(value instanceof PickledTensor)) continue;
    if (!isText(key))
      throw refuse(source, "a tensor stands under a key that is no text", { fix: "name each tensor by a text" });
    checkName(String(key), source);
    tensors.set(String(key), stored(value));
  }
  return { tensors, metadata: {} };
}

function notZip(bytes: ByteSource): Error {
  const legacy = bytes.size >= legacyMagic.length && legacyMagic.every((byte, at) => bytes.read(at, 1)[0] === byte);
  return legacy
    ? refuse(bytes.name, "this is PyTorch's format of before version 1.6, which is not read", {
        fix: "load it in PyTorch and save it with torch.save once more",
      })
    : refuse(bytes.name, "this is no PyTorch checkpoint; nothing of it was run", {
        fix: "name a .safetensors file, or a .pt or .bin file that torch.save wrote",
      });
}

/** What a checkpoint of tensors may have in its pickle. */
class TensorRules implements PickleRules {
  readonly #storageOf: (key: string) => ZipEntry | undefined;
  readonly #source: string;
  readonly #calls: Readonly<Record<string, (args: Pickled[]) => Pickled>>;

  constructor(storageOf: (key: string) => ZipEntry | undefined, source: string) {
    this.#storageOf = storageOf;
    this.#source = source;
    const rebuild = (args: Pickled[]) => this.#tensor(args);
    this.#calls = {
      "collections.OrderedDict": ([pairs]) => this.#dictionary(pairs),
      "torch._utils._rebuild_tensor": rebuild,
      "torch._utils._rebuild_tensor_v2": rebuild,
      "torch._utils._rebuild_parameter": ([tensor]) => this.#require(tensor instanceof PickledTensor && tensor),
    };
  }

  mayName(name: string): boolean {
    return Object.hasOwn(this.#calls, name) || Object.hasOwn(storageTypes, name);
  }

  call(name: string, args: Pickled[]): Pickled | undefined {
    return Object.hasOwn(this.#calls, name) ? this.#calls[name]!(args) : undefined;
  }

  #dictionary(pairs: Pickled | undefined): Map<Pickled, Pickled> {
    if (pairs === undefined) return new Map();
    const isPair = (pair: unknown) => Array.isArray(pair) && pair.length === 2;
    return new Map(this.#require(Array.isArray(pairs) && pairs.every(isPair) && (pairs as [Pickled, Pickled][])));
  }

  /** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks, metadata)` */
  #tensor([storage, offset, size, stride, , , metadata]: Pickled[]): PickledTensor {
    this.#require(metadata === undefined || metadata === null || (metadata instanceof Map && metadata.size === 0));
    const shape = this.#require(isSizes(size) && size);
    const strides = this.#require(isSizes(stride) && stride);
    const tensor = new PickledTensor(
      this.#storage(storage),
      this.#require(isSize(offset) && [offset])[0]!,
      shape,
      strides,
    );
    const { count } = tensor.storage;
    const wanted = sizeOf({ shape });
    this.#require(strides.length === shape.length && shape.length <= mostAxes);
    const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, tensor.offset);
    if (wanted > 0 && !(last < count))
      throw refuse(this.#source, `a tensor of shape [${shape}] reaches number ${last} of a storage that has ${count}`);
    if (wanted > count)
      throw refuse(this.#source, `a tensor of shape [${shape}] repeats the ${count} numbers of its storage`, {
        fix: "make the tensors contiguous before they are saved",
      });
    return tensor;
  }

  /** `("storage", type, key, device, count)` */
  #storage(value: Pickled | undefined): Storage {
    const fields = this.#require(value instanceof PersistentId && Array.isArray(value.id) && value.id);
    const [kind, type, key, , count] = fields;
    this.#require(kind === "storage" && type instanceof PickledGlobal && typeof key === "string" && isSize(count));
    const dtype = storageTypes[(type as PickledGlobal).name];
    if (!dtype) throw this.#odd();
    const entry = this.#storageOf(key as string);
    if (!entry) throw refuse(this.#source, `the zip lacks the numbers "data/${key}" of a tensor`);
    const expected = (count as number) * dtypes[dtype].size;
    if (entry.size !== expected)
      throw refuse(
        this.#source,
        `the numbers "data/${key}" have ${entry.size} bytes, but ${count} of ${dtype} take ${expected}`,
        {
          expected,
          actual: entry.size,
        },
      );
    return { dtype, count: count as number, entry };
  }

  #require<T>(value: T): Exclude<T, false | undefined> {
    if (value === false || value === undefined) throw this.#odd();
    return value as Exclude<T, false | undefined>;
  }

  #odd(): Error {
    return refuse(this.#source, "a tensor in its pickle is not described as PyTorch describes it");
  }
}

function isSize(value: Pickled | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The state dict: the dictionary itself, or the entry of a training checkpoint that holds it. */
function stateDictOf(root: Pickled, source: string): Map<Pickled, Pickled> {
  const hasTensors = (value: Pickled | undefined): value is Map<Pickled, Pickled> =>
    value instanceof Map && [...value.values()].some((each) => each instanceof PickledTensor);
  const entries = root instanceof Map ? root : new Map<Pickled, Pickled>();
  const within = stateDictKeys.map((key) => entries.get(key)).find(hasTensors);
  if (within) return within;
  if (hasTensors(root)) return root;
  const keys = [...entries.keys()]
    .slice(0, 10)
    .map((key) => (isText(key) ? shortJson(String(key)) : "a key that is no text"));
  throw refuse(
    source,
    `it holds no state dict; ${keys.length > 0 ? `it has ${keys.join(", ")}` : "it is no dictionary"}`,
    {
      fix: "save it with torch.save(model.state_dict(), path)",
    },
  );
}

function stored({ storage, offset, shape, strides }: PickledTensor): StoredTensor {
  const { dtype, entry } = storage;
  const { size } = dtypes[dtype];
  const count = sizeOf({ shape });
  if (count === 0) return lazyTensor(dtype, shape, () => new Uint8Array());
  if (isContiguous(shape, strides))
    return lazyTensor(dtype, shape, (from, length, into) => entry.read(offset * size + from, length, into));
  const span = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 1);
  let held: WeakRef<Uint8Array> | undefined;
  return lazyTensor(dtype, shape, (from, length) => {
    const bytes = held?.deref() ?? gather(entry.read(offset * size, span * size), size, shape, strides);
    held = new WeakRef(bytes);
    return bytes.subarray(from, from + length);
  });
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** The numbers of a strided tensor in reading order. */
function gather(bytes: Uint8Array, size: number, shape: readonly number[], strides: readonly number[]): Uint8Array {
  const gathered = new Uint8Array(sizeOf({ shape }) * size);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < gathered.length; to += size) {
    for (let byte = 0; byte < size; byte++) gathered[to + byte] = bytes[from * size + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return gathered;
}

/** Whether a key is text or a number. Another one is not printed: it may hold itself many times over. */
function isText(key: Pickled): key is string | number {
  return typeof key === "string" || typeof key === "number";
}
