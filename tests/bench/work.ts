import { sizeOf } from "../../src/core/shape.ts";
import { scale } from "../../src/engine/ops/elementwise.ts";
import { matMul } from "../../src/engine/ops/matMul.ts";
import { dispose, engine, type Tensor, tensor } from "../../src/engine/tensor.ts";
import type { Row } from "./row.ts";

/** What is to be done: operations of matrix products, and bytes that all operations read and write. */
export interface Work {
  flop: number;
  bytes: number;
}

interface Shaped {
  shape: readonly number[];
}

type Inputs = Record<string, Shaped>;
type RunKernel = (name: string, inputs: Inputs, attributes?: Record<string, unknown>) => Shaped | Shaped[];

/** Counts the work of the operations that `f` asks the device for. */
export async function countWork(f: () => unknown): Promise<Work> {
  const work = { flop: 0, bytes: 0 };
  const target = engine() as unknown as { runKernel?: RunKernel };
  const own = Object.hasOwn(target, "runKernel");
  const run = target.runKernel!.bind(target);
  target.runKernel = (name, inputs, attributes = {}) => {
    const outputs = run(name, inputs, attributes);
    work.flop += flopOf(name, inputs, attributes);
    work.bytes += 4 * movedBy(name, Object.values(inputs), [outputs].flat());
    return outputs;
  };
  try {
    await f();
  } finally {
    if (own) target.runKernel = run;
    else delete target.runKernel;
  }
  return work;
}

function flopOf(name: string, inputs: Inputs, attributes: Record<string, unknown>): number {
  if (name === "FlamingoMatMul") {
    const { batch, m, n, k } = attributes as Record<string, number>;
    return 2 * batch! * m! * n! * k!;
  }
  if (name.startsWith("Flamingo") && name.includes("Attention")) {
    const keys = (attributes.keys as number | undefined) ?? inputs.key!.shape[1]!;
    // Forward two products of this size; backward the first of them again, and four gradients.
    return (name.endsWith("Gradient") ? 10 : 4) * sizeOf(inputs.query!) * keys;
  }
  if (name === "BatchMatMul") {
    const { transposeB } = attributes;
    const [m, k] = inputs.a!.shape.slice(-2); // in either order: only their product counts
    const n = inputs.b!.shape.at(transposeB ? -2 : -1)!;
    return 2 * sizeOf({ shape: inputs.a!.shape.slice(0, -2) }) * m! * k! * n;
  }
  return 0;
}

/** Numbers that an operation moves: all it is given and makes, but of a table only the rows it takes. */
function movedBy(name: string, inputs: readonly Shaped[], outputs: readonly Shaped[]): number {
  if (name === "Identity" || name === "Reshape") return 0;
  const made = outputs.reduce((sum, { shape }) => sum + sizeOf({ shape }), 0);
  if (name === "FlamingoEmbedding" || name === "GatherV2" || name === "Slice") return 2 * made;
  if (name === "FlamingoWrite") return 2 * sizeOf(inputs[1]!);
  return made + inputs.reduce((sum, { shape }) => sum + sizeOf({ shape }), 0);
}

/** The highest rates measured here: of one large matrix product, and of copying. */
export interface Peak {
  flops: number;
  bandwidth: number;
}

/** Enough for a GPU to wake up; an emulated one takes as long for a single product. */
const patience = 3000;

/** Measures them on the device that is open: the best of several times. */
export async function measurePeak(): Promise<Peak> {
  const side = 1024;
  const square = tensor(new Float32Array(side * side).fill(0.5), [side, side]);
  const large = tensor(new Float32Array(16 * side * side), [16 * side * side]);
  const seconds = await best(() => matMul(square, square));
  const copying = await best(() => scale(large, 1));
  dispose([square, large]);
  return { flops: (2 * side ** 3) / seconds, bandwidth: (2 * 4 * 16 * side * side) / copying };
}

async function best(compute: () => Tensor): Promise<number> {
  let least = Infinity;
  const begin = performance.now();
  for (let time = 0; time < 12 && performance.now() - begin < patience; time++) {
    const start = performance.now();
    const result = compute();
    const small = result.flatten().slice([0], [1]);
    await small.data();
    least = Math.min(least, performance.now() - start);
    dispose([result, small]);
  }
  return least / 1000;
}

/** The rates at which this work was done. */
export function ratesOf(
  { flop, bytes }: Work,
  milliseconds: number,
  peak: Peak,
): Pick<Row, "flops" | "ofPeak" | "bandwidth" | "ofCopy"> {
  const [flops, bandwidth] = [(1000 * flop) / milliseconds, (1000 * bytes) / milliseconds];
  return { flops, ofPeak: flops / peak.flops, bandwidth, ofCopy: bandwidth / peak.bandwidth };
}
