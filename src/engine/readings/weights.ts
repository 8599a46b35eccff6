import { FlamingoError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import { sizeOf } from "../../core/shape.ts";
import type { Initial, WeightSpec } from "../../core/weight.ts";
import { capabilities } from "../devices/capabilities.ts";
import { getBackend, type Tensor, tensor, type Variable, variable } from "../tensor.ts";

/** A weight on the device. */
export interface Weight extends WeightSpec {
  variable: Variable;
}

/** Numbers for a weight, as a file holds them. */
export interface WeightData {
  shape: readonly number[];
  data: Float32Array;
  /** Writes the numbers to a place, where that needs less memory than `data`. */
  fill?(target: Float32Array): void;
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

  /**
   * Says what the weights at and below a path start from, before they are made: the numbers of each are looked at once, when the
   * block asks for the weight, so that no two copies of a model are in memory. What was said last holds.
   * @param data by the weights' names from the path on; weights that it lacks start as they would without
   * @param source the file, for messages
   */
  startFrom(path: string, data: ReadonlyMap<string, WeightData>, source: string): void {
    this.#starts.push({ path, data, source });
  }

  get(name: string): Weight | undefined {
    return this.#byName.get(name);
  }

  /** All weights, or those at and below a path, in the order in which they were made. */
  all(path = ""): Weight[] {
    const weights = [...this.#byName.values()];
    return path ? weights.filter(({ name }) => name === path || name.startsWith(`${path}.`)) : weights;
  }

  trainable(): Weight[] {
    return this.all().filter((weight) => !weight.frozen);
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
    for (const { variable } of this.#byName.values()) variable.dispose();
    this.#byName.clear();
  }

  #set(weight: Weight, found: WeightData, source: string): void {
    requireShape(weight, found.shape, source);
    assignNumbers(weight.variable, found);
  }

  #start(spec: WeightSpec): Tensor {
    const { filled } = capabilities();
    const given = this.#given(spec);
    if (filled && given?.fill && sizeOf(spec) > 0) return filled(spec.shape, (target) => given.fill!(target));
    const numbers = given?.data ?? initialNumbers(spec.initial, spec.shape, this.#random.fork(spec.name));
    return tensor(numbers, [...spec.shape], "float32");
  }

  #given(spec: WeightSpec): WeightData | undefined {
    for (const { path, data, source } of this.#starts.toReversed()) {
      const name = nameFrom(path, spec.name);
      const found = name === undefined ? undefined : data.get(name);
      if (!found) continue;
      requireShape(spec, found.shape, source);
      return found;
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

/** A weight's numbers as they are now. */
export async function readNumbers({ shape, variable }: Pick<Weight, "shape" | "variable">): Promise<WeightData> {
  return { shape, data: new Float32Array(await variable.data()) };
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
