import type { z } from "zod";
import {
  type BlockDefinition,
  type CallSite,
  instantiate,
  parseConfig,
  type Reading,
  type Value,
  type WeightSpec,
} from "./block.ts";
import { checkInputs } from "./check.ts";
import { FlamingoError } from "./errors.ts";
import type { Ports } from "./port.ts";
import type { SolvedShape } from "./shape.ts";

/** Where a value comes from inside a traced block: an input of the block, or an output of a node in it. */
export interface TracedSource {
  /** Id of the node; undefined for an input of the traced block itself. */
  node?: string;
  port: string;
}

/** A call of a child, as recorded. */
export interface TracedNode {
  id: string;
  type: string;
  config: Record<string, unknown>;
  inputs: Record<string, TracedSource>;
  outputs: Record<string, SolvedShape>;
  /** Numbers it holds, and how many of them learn. */
  weights: number;
  trainable: number;
}

/** The inside of a composite block: its code, run once on symbolic tensors. */
export interface TracedGraph {
  type: string;
  inputs: Record<string, SolvedShape>;
  outputs: Record<string, TracedSource>;
  nodes: TracedNode[];
}

/** A tensor without numbers: its shape as far as it is known, and where it comes from. */
interface Symbolic extends Value {
  source: TracedSource;
}

/**
 * Opens a block to its inside by calling its own code on symbolic tensors.
 * @param sizes sizes for names that the configuration leaves open, such as `{ batch: 2, length: 16 }`;
 *   unknown ones stay names
 * @returns for a composite, one node a call of a child; for a primitive, no nodes
 */
export function trace<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  inputs: Record<string, SolvedShape>,
  frozen = false,
): TracedGraph {
  const nodes: TracedNode[] = [];
  const weights: WeightSpec[] = [];
  const used = new Map<string, number>();
  const values: Record<string, Symbolic> = {};
  for (const [port, shape] of Object.entries(inputs))
    values[port] = symbolic(shape, definition.inputs[port]?.dtype ?? "float32", { port });
  const parsed = parseConfig(definition, config);
  let outputs: Record<string, Value> = {};
  const reading: Reading = {
    weight: (spec) => addWeight(weights, spec),
    call: (site, given) => {
      if (site.path !== "") return record(site, given, nodes, used);
      checkInputs(definition, parsed, given, "");
      outputs = definition.kind === "primitive" ? {} : site.forward(given);
      return outputs;
    },
  };
  const outermost = instantiate(definition, config, reading, "", frozen);
  outermost(values as never);
  for (const node of nodes) countWeights(node, weights);
  return {
    type: definition.name,
    inputs,
    outputs: Object.fromEntries(Object.entries(outputs).map(([port, value]) => [port, (value as Symbolic).source])),
    nodes,
  };
}

/** The weights a block would have, by name, without making any: an 80B configuration costs no memory. */
export function describeWeights<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  frozen = false,
): WeightSpec[] {
  const weights: WeightSpec[] = [];
  const reading: Reading = { weight: (spec) => addWeight(weights, spec), call: () => ({}) };
  instantiate(definition, config, reading, "", frozen);
  return weights;
}

/** How many numbers a weight holds. */
export function sizeOf(weight: Pick<WeightSpec, "shape">): number {
  return weight.shape.reduce((product, size) => product * size, 1);
}

/** A description holds so many weights at most: far above any real model, far below what would hang the studio. */
const mostWeights = 50_000;

function addWeight(weights: WeightSpec[], spec: WeightSpec): undefined {
  weights.push(spec);
  if (weights.length <= mostWeights) return;
  throw new FlamingoError("INVALID_CONFIG", `the model has more than ${mostWeights} weights`, {
    fix: "set fewer layers",
  });
}

function record(
  site: CallSite,
  given: Record<string, Value | undefined>,
  nodes: TracedNode[],
  used: Map<string, number>,
): Record<string, Value> {
  const { outputs } = checkInputs(site.definition, site.config, given, site.path);
  const calls = (used.get(site.path) ?? 0) + 1;
  used.set(site.path, calls);
  const id = calls === 1 ? site.path : `${site.path}#${calls}`;
  const sources = Object.entries(given).filter((entry): entry is [string, Symbolic] => entry[1] !== undefined);
  nodes.push({
    id,
    type: site.definition.name,
    config: site.config,
    inputs: Object.fromEntries(sources.map(([port, value]) => [port, value.source])),
    outputs,
    weights: 0,
    trainable: 0,
  });
  const results: Record<string, Value> = {};
  for (const [port, shape] of Object.entries(outputs))
    results[port] = symbolic(shape, site.definition.outputs[port]!.dtype, { node: id, port });
  return results;
}

function countWeights(node: TracedNode, weights: WeightSpec[]): void {
  const path = node.id.split("#")[0]!;
  for (const weight of weights) {
    if (weight.name !== path && !weight.name.startsWith(`${path}.`)) continue;
    node.weights += sizeOf(weight);
    if (!weight.frozen) node.trainable += sizeOf(weight);
  }
}

function symbolic(shape: SolvedShape, dtype: string, source: TracedSource): Symbolic {
  // Unsolved names stay in the shape: the solver takes them as they are.
  return { shape: shape as readonly number[], dtype, source };
}
