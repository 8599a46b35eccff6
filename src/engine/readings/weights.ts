import type { Initial, WeightSpec } from "../../core/block.ts";
import { FlamingoError } from "../../core/errors.ts";
import { Random } from "../../core/random.ts";
import { getBackend, tensor, type Variable, variable } from "../tensor.ts";

/** A weight on the device. */
export interface Weight extends WeightSpec {
  variable: Variable;
}

/** Numbers for a weight, as a file holds them. */
export interface WeightData {
  shape: readonly number[];
  data: Float32Array;
}

/**
 * The weights of a model by name: made when blocks ask for them, each from a random stream named after it, so that
 * neither the order of blocks nor a new block changes how another one starts.
 */
export class Weights {
  readonly #byName = new Map<string, Weight>();
  readonly #random: Random;

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
    const numbers = initialNumbers(spec.initial, spec.shape, this.#random.fork(spec.name));
    const start = tensor(numbers, [...spec.shape], "float32");
    const weight = { ...spec, variable: variable(start, !spec.frozen) };
    start.dispose();
    this.#byName.set(spec.name, weight);
    return weight;
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
  load(data: ReadonlyMap<string, WeightData>, path: string, source: string): { missing: string[]; unused: string[] } {
    const unused = new Set(data.keys());
    const missing: string[] = [];
    for (const weight of this.all(path)) {
      const name = path ? weight.name.slice(path.length + 1) : weight.name;
      const found = data.get(name);
      if (!found) {
        missing.push(name);
        continue;
      }
      unused.delete(name);
      this.#set(weight, found, source);
    }
    return { missing, unused: [...unused] };
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

  #set(weight: Weight, { shape, data }: WeightData, source: string): void {
    if (shape.join() !== weight.shape.join()) {
      throw new FlamingoError(
        "INVALID_WEIGHTS",
        `"${weight.name}" has shape [${weight.shape}], but [${shape}] in ${source}`,
        {
          source,
          expected: weight.shape,
          actual: shape,
          fix: "use weights that were made with the same configuration",
        },
      );
    }
    assignNumbers(weight.variable, { shape, data });
  }
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
  const size = shape.reduce((product, length) => product * length, 1);
  if (initial.kind === "zeros") return new Float32Array(size);
  if (initial.kind === "ones") return new Float32Array(size).fill(1);
  if (initial.kind === "uniform") return random.uniforms(size, -initial.bound, initial.bound);
  const numbers = random.normals(size);
  for (let at = 0; at < size; at++) numbers[at]! *= initial.std;
  return numbers;
}
