import type { BlockLookup } from "../core/block.ts";
import { printBytes } from "../core/bytes.ts";
import { outputsByName, type Value } from "../core/call.ts";
import { checkInputs } from "../core/check.ts";
import { FlamingoError } from "../core/errors.ts";
import { instantiate } from "../core/instantiate.ts";
import type { Ports } from "../core/port.ts";
import { type Bits, heldBits, heldBytes } from "../core/quantization.ts";
import type { CallSite, Reading } from "../core/reading.ts";
import { type SolvedShape, sizeOf } from "../core/shape.ts";
import type { WeightSpec } from "../core/weight.ts";
import type { Device } from "../engine/devices/device.ts";
import { inputsOf, optionsOf } from "../graph/graph.ts";
import { withGraphBlocks } from "../graph/graphBlock.ts";
import type { Plan, PlanNode } from "../pipeline/compile.ts";
import { findAction, findBlock, findSource } from "./registry.ts";

/** What a run will hold on its device at most, in bytes, known before anything is made. */
export interface MemoryNeed {
  /** All weights. */
  weights: number;
  /** Two moments of AdamW for each number that learns. */
  moments: number;
  /** A gradient for each number that learns. */
  gradients: number;
  /** What the forward pass leaves for the backward pass, and the largest tensor that is being computed. */
  activations: number;
  /** Activations go while gradients come, so only the larger of the two counts. */
  total: number;
}

/** Numbers are float32 or int32 on every device. */
const bytesPerNumber = 4;

/** What a source gives at a time, as far as its size goes. */
type Batch = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** Pretrained weights, as far as they tell how weights are held. */
interface HeldStart {
  readonly start: { readonly path: string };
  readonly tensors: ReadonlyMap<string, unknown>;
  readonly bits?: Bits | undefined;
}

/** A value without numbers: how large it is, and whether anything before it learns. */
interface Sized extends Value {
  learns: boolean;
}

/**
 * The most that a plan's training holds at once: weights + 2 moments a trainable number + the larger of the gradients and
 * of the activations that the gradient passes through; with accumulation, the gradients once more.
 *
 * It reads the blocks' own code on values that have a size only, so an 80B configuration costs nothing to ask about.
 * @param batches what each source gives at a time, by node id: how long its texts are is known only there
 * @param starts the pretrained weights, the inner after the outer: what is frozen may be held in fewer bits
 * @returns undefined where a size is not known before the run, such as a batch that no source gives
 */
export function memoryNeed(
  plan: Plan,
  batches: ReadonlyMap<string, Batch>,
  starts: readonly HeldStart[] = [],
): MemoryNeed | undefined {
  const trainer = Object.values(plan.nodes).find(({ type }) => findAction(type)?.stage === "train");
  const training = trainer !== undefined;
  const reading = new SizeReading(trainer?.config.gradientCheckpointing === true);
  const values = new Map<string, Record<string, Value>>();
  const find = withGraphBlocks(plan.blocks, findBlock);
  for (const node of Object.values(plan.nodes))
    values.set(node.id, outputsOf(plan, node, find, reading, values, batches.get(node.id)));
  if (reading.unknown) return undefined;
  const trainable = training ? reading.numbers(({ frozen }) => !frozen) : 0;
  const weights = reading.weightBytes(starts);
  const moments = 2 * trainable * bytesPerNumber;
  const gradients = trainable * bytesPerNumber;
  const held = training ? reading.kept + reading.again : reading.largest;
  const activations = (held + reading.largest) * bytesPerNumber;
  // From the second batch of a step on, the sum of the gradients so far is held as well.
  const summed = Number(trainer?.config.accumulation ?? 1) > 1 ? gradients : 0;
  const total = weights + moments + summed + Math.max(gradients, activations);
  return { weights, moments, gradients, activations, total };
}

/**
 * Refuses what cannot fit.
 * @throws FlamingoError OUT_OF_MEMORY
 */
export function requireMemory({ weights, moments, gradients, activations, total }: MemoryNeed, device: Device): void {
  if (device.memory === undefined || total <= device.memory) return;
  const [needs, has] = [printBytes(total), printBytes(device.memory)];
  const parts =
    activations > gradients
      ? `${printBytes(activations)} are activations: turn on gradient checkpointing, or make the batch smaller and accumulate gradients over more of them`
      : `${printBytes(weights + moments + gradients)} are weights, gradients and moments: freeze more, or choose a smaller model`;
  const other =
    device.addressable !== undefined && total > device.addressable
      ? `; ${device.name} can address no more than ${printBytes(device.addressable)}: another device may hold more`
      : "";
  throw new FlamingoError("OUT_OF_MEMORY", `the run needs ${needs} and ${device.name} has ${has}`, {
    expected: device.memory,
    actual: total,
    fix: `${parts}${other}`,
  });
}

function bytesHeld(weight: WeightSpec, starts: readonly HeldStart[]): number {
  const start = starts.findLast(
    ({ start: { path }, tensors }) =>
      weight.name.startsWith(`${path}.`) && tensors.has(weight.name.slice(path.length + 1)),
  );
  return heldBytes(weight.shape, heldBits(weight, start?.bits));
}

function outputsOf(
  plan: Plan,
  node: PlanNode,
  find: BlockLookup,
  reading: SizeReading,
  values: Map<string, Record<string, Value>>,
  batch: Batch | undefined,
): Record<string, Value> {
  const block = find(node.type);
  if (!block) {
    const shapes = Object.entries(node.outputs).map(([port, shape]) => [port, batch?.[port]?.shape ?? shape]);
    return sized(Object.fromEntries(shapes), findSource(node.type)?.outputs ?? {}, false);
  }
  const inputs = Object.entries(inputsOf(plan, node.id)).map(([port, from]) => [
    port,
    values.get(from.node)?.[from.port],
  ]);
  const forward = instantiate(block, node.config, reading.below(node.shares ?? node.id), {
    ...optionsOf(node),
    find,
  }) as (inputs: never) => unknown;
  const result = forward(Object.fromEntries(inputs) as never);
  return outputsByName(Object.keys(node.outputs), result);
}

function sized(shapes: Record<string, SolvedShape>, ports: Ports, learns: boolean): Record<string, Sized> {
  const entries = Object.entries(shapes).map(([port, shape]) => {
    // Unsolved names stay in the shape: the solver takes them as they are.
    const value: Sized = { shape: shape as readonly number[], dtype: ports[port]?.dtype ?? "float32", learns };
    return [port, value] as const;
  });
  return Object.fromEntries(entries);
}

/** Reads blocks for the sizes of their weights and of what they leave behind. */
class SizeReading {
  readonly #weights = new Map<string, WeightSpec>();
  readonly #checkpointing: boolean;
  /** Numbers of all activations that a gradient passes through. */
  kept = 0;
  /** Numbers of the largest layer's inside, which gradient checkpointing computes again. */
  again = 0;
  /** Numbers of the largest activation. */
  largest = 0;
  /** Whether a size was met that is not known. */
  unknown = false;

  constructor(checkpointing: boolean) {
    this.#checkpointing = checkpointing;
  }

  numbers(which: (weight: WeightSpec) => boolean): number {
    return [...this.#weights.values()].filter(which).reduce((sum, weight) => sum + sizeOf(weight), 0);
  }

  weightBytes(starts: readonly HeldStart[]): number {
    return [...this.#weights.values()].reduce((sum, weight) => sum + bytesHeld(weight, starts), 0);
  }

  /** The reading of one node, under whose id its weights are. */
  below(id: string): Reading {
    return {
      weight: (spec) => {
        const name = spec.name ? `${id}.${spec.name}` : id;
        this.#weights.set(name, { ...spec, name });
        return { shape: spec.shape, dtype: "float32", learns: !spec.frozen } satisfies Sized;
      },
      call: (site, inputs) => {
        if (site.definition.kind === "primitive") return this.#primitive(id, site, inputs);
        return this.#checkpointing && site.definition.layer ? this.#layer(site, inputs) : site.forward(inputs);
      },
    };
  }

  /** Of a layer that is computed again its outputs stay, which are the next one's inputs. */
  #layer(site: CallSite, inputs: Record<string, Value | undefined>): Record<string, Value> {
    const before = this.kept;
    const outputs = site.forward(inputs);
    this.again = Math.max(this.again, this.kept - before);
    const learning = Object.values(outputs).filter((output) => (output as Sized).learns);
    this.kept = before + learning.reduce((sum, output) => sum + sizeOf(output), 0);
    return outputs;
  }

  #primitive(id: string, site: CallSite, inputs: Record<string, Value | undefined>): Record<string, Value> {
    const { outputs } = checkInputs(site.definition, site.config, inputs, site.path);
    const path = site.path ? `${id}.${site.path}` : id;
    const learnsHere = [...this.#weights.values()].some(
      ({ name, frozen }) => !frozen && (name === path || name.startsWith(`${path}.`)),
    );
    const learns = learnsHere || Object.values(inputs).some((value) => (value as Sized | undefined)?.learns);
    const shapes = Object.values(outputs) as number[][];
    if (shapes.flat().some((size) => typeof size === "string")) this.unknown = true;
    const inside = site.definition.keeps?.(site.config, outputs as never) ?? 0;
    const outside = shapes.map((shape) => sizeOf({ shape }));
    if (learns) this.kept += inside + outside.reduce((sum, numbers) => sum + numbers, 0);
    this.largest = Math.max(this.largest, inside, ...outside);
    return sized(outputs, site.definition.outputs, learns);
  }
}
