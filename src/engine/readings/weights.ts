import { FlamingoError } from "../../core/errors.ts";
import { type Bits, heldBits } from "../../core/quantization.ts";
import { Random } from "../../core/random.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Initial, WeightData, WeightSpec } from "../../core/weight.ts";
import { capabilities } from "../devices/capabilities.ts";
import { type Matrix, QuantizedMatrix } from "../ops/quantized.ts";
import { getBackend, type Tensor, tensor, type Variable, variable } from "../tensor.ts";
import { quantize, unquantize } from "./quantize.ts";

/** A weight on the device. */
export interface Weight extends WeightSpec {
  /** Its numbers; of one that is quantised the packed ones (`readNumbers` unpacks them). */
  variable: Variable;
  /** Of a frozen matrix that is held in few bits. */
  quantized?: QuantizedMatrix;
}

/**
 * The weights of a model by name: made when blocks ask for them, each from a random stream named after it, so that
 * neither the order of blocks nor a new block changes how another one starts.
 */
export class Weights {
  readonly #byName = new Map<string, Weight>();
  readonly #random: Random;
  readonly #starts: Start[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed).fork("weights");
  }

  /**
   * Makes a weight, or gives the one that has this name.
   * @throws FlamingoError DEVICE_UNAVAILABLE if no device is open yet
   */
  create(spec: WeightSpec): Weight {
    const existing = this.#byName.get(spec.name);
    if (existing) return existing;
    requireDevice();
    const start = this.#start(spec);
    const weight = { ...spec, variable: variable(start, !spec.frozen) };
    start.dispose();
    this.#byName.set(spec.name, weight);
    return weight;
  }

  /** Makes a weight, or gives the one that has this name, as blocks compute with it: a frozen matrix may be quantised. */
  hold(spec: WeightSpec): Matrix {
    const existing = this.#byName.get(spec.name);
    if (existing) return existing.quantized ?? existing.variable;
    const given = this.#given(spec);
    const bits = given && heldBits(spec, given.bits);
    if (!bits) return this.create(spec).variable;
    requireDevice();
    const { shape } = spec as WeightSpec & { shape: [number, number] };
    const { values, scales } = quantize(shape, bits, partsOf(given.data));
    const packed = {
      values: asVariable(values, [shape[0], values.length / shape[0]], "int32"),
      scales: asVariable(scales, [shape[0], scales.length / shape[0]], "float32"),
    };
    const quantized = new QuantizedMatrix(packed, { columns: shape[1], bits });
    this.#byName.set(spec.name, { ...spec, variable: packed.values, quantized });
    return quantized;
  }

  /**
   * Sets what the weights at and below a path start from, before they are made. Each tensor is read once, when its block asks
   * for the weight, so that no two copies of a model are in memory. Of several calls for a path the last one counts.
   * @param data by the weights' names from the path on; weights that it lacks start as they would without
   * @param source the file, for messages
   * @param bits frozen matrices among them are quantised to so many
   */
  startFrom(path: string, data: ReadonlyMap<string, WeightData>, source: string, bits?: Bits): void {
    this.#starts.push({ path, data, source, bits });
  }

  get(name: string): Weight | undefined {
    return this.#byName.get(name);
  }

  /** All weights, or those at and below a path, in the order in which they were made. */
  all(path = ""): Weight[] {
    const weights = [...this.#byName.values()];
    return path ? weights.filter(({ name }) => name === path || name.startsWith(`${path}.`)) : weights;
  }

  /** Those that learn, of all or at and below a path. */
  trainable(path = ""): Weight[] {
    return this.all(path).filter((weight) => !weight.frozen);
  }

  /**
   * Sets weights from numbers.
   * @param path weights at and below this path are set; the data's names continue from there
   * @returns names that the model has and the data lacks, and the other way round
   * @throws FlamingoError INVALID_WEIGHTS if a shape differs
   */
  load(data: ReadonlyMap<string, WeightData>, path: string, source: string): NamesThatDiffer {
    for (const weight of this.all(path)) {
      const found = data.get(nameFrom(path, weight.name)!);
      if (found) this.#set(weight, found, source);
    }
    return this.compare(data, path);
  }

  /** Names that the model has at and below a path and the data lacks, and the other way round. */
  compare(data: ReadonlyMap<string, unknown>, path: string): NamesThatDiffer {
    const names = new Set(this.all(path).map(({ name }) => nameFrom(path, name)!));
    return {
      missing: [...names].filter((name) => !data.has(name)),
      unused: [...data.keys()].filter((name) => !names.has(name)),
    };
  }

  /** The numbers of the weights at and below a path, named from there. */
  async save(path = ""): Promise<Map<string, WeightData>> {
    const cut = path ? path.length + 1 : 0;
    const saved = new Map<string, WeightData>();
    for (const weight of this.all(path)) saved.set(weight.name.slice(cut), await readNumbers(weight));
    return saved;
  }

  dispose(): void {
    for (const weight of this.#byName.values()) (weight.quantized ?? weight.variable).dispose();
    this.#byName.clear();
  }

  #set(weight: Weight, found: WeightData, source: string): void {
    requireShape(weight, found.shape, source);
    if (weight.quantized) assignQuantized(weight.quantized, found);
    else assignNumbers(weight.variable, found);
  }

  #start(spec: WeightSpec): Tensor {
    const { filled } = capabilities();
    const given = this.#given(spec)?.data;
    if (filled && given?.fill && sizeOf(spec) > 0) return filled(spec.shape, (target) => given.fill!(target));
    const numbers = given?.data ?? initialNumbers(spec.initial, spec.shape, this.#random.fork(spec.name));
    return tensor(numbers, [...spec.shape], "float32");
  }

  #given(spec: WeightSpec): { data: WeightData; bits: Bits | undefined } | undefined {
    for (const { path, data, source, bits } of this.#starts.toReversed()) {
      const name = nameFrom(path, spec.name);
      const found = name === undefined ? undefined : data.get(name);
      if (!found) continue;
      requireShape(spec, found.shape, source);
      return { data: found, bits };
    }
    return undefined;
  }
}

/** Names of weights that only one of a model and a file has. */
export interface NamesThatDiffer {
  /** Those of the model. */
  missing: string[];
  /** Those of the file. */
  unused: string[];
}

/** What weights at and below a path start from. */
interface Start {
  path: string;
  data: ReadonlyMap<string, WeightData>;
  source: string;
  bits: Bits | undefined;
}

/** A weight's name from a path on; undefined if it is not at or below the path. */
function nameFrom(path: string, name: string): string | undefined {
  if (path === "") return name;
  if (name === path) return "";
  return name.startsWith(`${path}.`) ? name.slice(path.length + 1) : undefined;
}

function requireShape({ name, shape }: Pick<WeightSpec, "name" | "shape">, actual: readonly number[], source: string) {
  if (actual.join() === shape.join()) return;
  throw new FlamingoError("INVALID_WEIGHTS", `"${name}" has shape [${shape}], but [${actual}] in ${source}`, {
    source,
    expected: shape,
    actual,
    fix: "use weights that were made with the same configuration",
  });
}

/** TensorFlow.js' own error would not say what to do. */
function requireDevice(): void {
  if (getBackend()) return;
  throw new FlamingoError("DEVICE_UNAVAILABLE", "no device is open yet", { fix: 'await openDevice("auto") first' });
}

/** Sets a variable from numbers. */
export function assignNumbers(target: Variable, { shape, data }: WeightData): void {
  const numbers = tensor(data, [...shape], "float32");
  target.assign(numbers);
  numbers.dispose();
}

function assignQuantized({ packed, shape, bits }: QuantizedMatrix, data: WeightData): void {
  const { values, scales } = quantize(shape, bits, partsOf(data));
  for (const [target, numbers] of [
    [packed.values, values],
    [packed.scales, scales],
  ] as const) {
    const made = tensor(numbers, target.shape, target.dtype);
    (target as Variable).assign(made);
    made.dispose();
  }
}

/** Reads numbers of a weight from an index on. */
function partsOf(given: WeightData): (target: Float32Array, first: number) => void {
  if (given.fill) return (target, first) => given.fill!(target, first);
  const { data } = given;
  return (target, first) => target.set(data.subarray(first, first + target.length));
}

function asVariable(numbers: Int32Array | Float32Array, shape: [number, number], dtype: "int32" | "float32"): Variable {
  const made = tensor(numbers, shape, dtype);
  const held = variable(made, false);
  made.dispose();
  return held;
}

/** A weight's numbers as they are now. */
export async function readNumbers({
  shape,
  variable,
  quantized,
}: Pick<Weight, "shape" | "variable" | "quantized">): Promise<WeightData> {
  if (!quantized) return { shape, data: new Float32Array(await variable.data()) };
  const { packed, bits, shape: sizes } = quantized;
  const [values, scales] = await Promise.all([packed.values.data(), packed.scales.data()]);
  return { shape, data: unquantize(sizes, bits, { values, scales }) };
}

function initialNumbers(initial: Initial, shape: readonly number[], random: Random): Float32Array {
  const size = sizeOf({ shape });
  if (initial.kind === "zeros") return new Float32Array(size);
  if (initial.kind === "ones") return new Float32Array(size).fill(1);
  if (initial.kind === "uniform") return random.uniforms(size, -initial.bound, initial.bound);
  const numbers = random.normals(size);
  for (let at = 0; at < size; at++) numbers[at]! *= initial.std;
  return numbers;
}
