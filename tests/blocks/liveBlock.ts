import type { AnyBlock } from "../../src/core/block.ts";
import type { Value } from "../../src/core/call.ts";
import { configSizes, parseConfig } from "../../src/core/config.ts";
import { instantiate } from "../../src/core/instantiate.ts";
import type { Ports } from "../../src/core/port.ts";
import { Random } from "../../src/core/random.ts";
import { isEllipsis, type ShapeSpec, type SolvedShape, sizeOf } from "../../src/core/shape.ts";
import { ShapeSolver } from "../../src/core/solver.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import "../../src/models/index.ts"; // a slot may name any block
import { assignNumbers, type Weight, Weights } from "../../src/engine/readings/weights.ts";
import { type Tensor, tensor, type Variable, variable } from "../../src/engine/tensor.ts";

export type Outputs = Record<string, Tensor>;

interface LiveOptions {
  /** The block's example by default. */
  config?: Record<string, unknown>;
  seed?: number;
  /** Weights to share with other blocks. */
  weights?: Weights;
  /** Where its weights lie among them. */
  path?: string;
}

/** A block on the open device, with weights of its own. */
export class LiveBlock {
  readonly definition: AnyBlock;
  readonly config: Record<string, unknown>;
  readonly weights: Weights;
  readonly reading: Eager;
  readonly #forward: (inputs: Record<string, Value>) => unknown;

  constructor(definition: AnyBlock, { config = definition.example, seed = 1, weights, path = "" }: LiveOptions = {}) {
    this.definition = definition;
    this.config = parseConfig(definition, config);
    this.weights = weights ?? new Weights(seed);
    this.reading = new Eager(this.weights, path);
    this.#forward = instantiate(definition, this.config, this.reading) as never;
  }

  /** The outputs by name. */
  run(inputs: Record<string, Tensor>): Outputs {
    const result = this.#forward(inputs);
    const ports = Object.keys(this.definition.outputs);
    return ports.length === 1 ? { [ports[0]!]: result as Tensor } : (result as Outputs);
  }

  /** Sets every tanh gate, which starts closed. */
  openGates(value = 0.7): this {
    for (const weight of this.weights.all()) if (weight.group === "gate") this.set(weight, [value]);
    return this;
  }

  /** Gives every weight but the gates new numbers, gains near 1, so that nothing passes because of a 0 or a 1. */
  shake(seed = 2): this {
    const random = new Random(seed);
    for (const weight of this.weights.all()) {
      if (weight.group === "gate") continue;
      const around = weight.initial.kind === "ones" ? 1 : 0;
      const numbers = random.fork(weight.name).normals(sizeOf(weight));
      this.set(
        weight,
        numbers.map((value) => around + 0.3 * value),
      );
    }
    return this;
  }

  set({ shape, variable }: Weight, numbers: ArrayLike<number>): void {
    assignNumbers(variable, { shape, data: Float32Array.from(numbers) });
  }

  dispose(): void {
    this.weights.dispose();
  }
}

/** Sizes for the names that a block's configuration leaves open: `lead` stands for one dimension. */
function exampleSolver(definition: AnyBlock, config: Record<string, unknown>): ShapeSolver {
  const solver = new ShapeSolver();
  const sizes = Object.entries(definition.exampleSizes ?? {}) as [string, number][];
  for (const [name, size] of [...sizes, ...configSizes(config)]) solver.define("", name, size, name);
  for (const port of Object.values({ ...definition.inputs, ...definition.outputs } as Ports)) {
    const first = port.shape[0];
    if (!isEllipsis(first)) continue;
    const lead = definition.exampleSizes?.[first.slice(3)];
    const shape = lead === undefined ? [2, 3] : [lead];
    solver.equate({ scope: "", shape: [first], label: first }, { scope: "example", shape, label: "the example" });
  }
  return solver;
}

/** The shapes of a block's example, by port. */
export function exampleShapes(
  definition: AnyBlock,
  config: Record<string, unknown>,
  side: "inputs" | "outputs",
): Record<string, SolvedShape> {
  const solver = exampleSolver(definition, config);
  const ports = Object.entries(definition[side] as Ports);
  return Object.fromEntries(ports.map(([port, { shape }]) => [port, solver.resolve("", shape as ShapeSpec)]));
}

/**
 * Inputs for a block's example: normal numbers, in whole numbers a single tag at the second place of each row, in masks all but the
 * first place of each row, and in words the numbers from 1 on, of which none is padding, but for the last of each row.
 * Real inputs are variables, so that gradients by them can be asked for. The caller disposes them.
 */
export function exampleInputs(definition: AnyBlock, config: Record<string, unknown>, seed = 3): Record<string, Tensor> {
  const tag = imageTokenOf(config) ?? 1;
  const inputs: Record<string, Tensor> = {};
  for (const [port, shape] of Object.entries(exampleShapes(definition, config, "inputs"))) {
    const sizes = shape as number[];
    const count = sizeOf({ shape: sizes });
    if (definition.inputs[port].dtype === "float32") {
      const start = tensor(new Random(seed).fork(port).normals(count), sizes);
      inputs[port] = variable(start);
      start.dispose();
    } else {
      const row = sizes.at(-1)!;
      const numberAt = (at: number) => {
        if (port === "words") return at === row - 1 ? 0 : at + 1;
        return /mask/i.test(port) ? Math.min(at, 1) : at === 1 ? tag : 0;
      };
      inputs[port] = tensor(
        Int32Array.from({ length: count }, (_, at) => numberAt(at % row)),
        sizes,
        "int32",
      );
    }
  }
  return inputs;
}

/** The id of `<image>` in a configuration, or in that of the block in one of its slots. */
function imageTokenOf(config: Record<string, unknown>): number | undefined {
  if (typeof config.imageToken === "number") return config.imageToken;
  const slots = Object.values(config) as ({ config?: Record<string, unknown> } | null)[];
  return slots.map((slot) => slot?.config && imageTokenOf(slot.config)).find((token) => token !== undefined);
}

/** The inputs that are real numbers. */
export function realInputs(inputs: Record<string, Tensor>): [string, Variable][] {
  return Object.entries(inputs).filter((entry): entry is [string, Variable] => entry[1].dtype === "float32");
}

/** A tensor's numbers, bit by bit: two of these are equal if and only if all bits are. */
export async function bitsOf(value: Tensor): Promise<number[]> {
  const numbers = await value.data();
  return [...new Uint32Array(Float32Array.from(numbers).buffer)];
}
