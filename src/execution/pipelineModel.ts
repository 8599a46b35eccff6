import type { AnyBlock, BlockLookup } from "../core/block.ts";
import { type Call, outputsByName, type Value } from "../core/call.ts";
import { makeCatalog } from "../core/catalog.ts";
import { FlamingoError } from "../core/errors.ts";
import { instantiate } from "../core/instantiate.ts";
import type { Ports } from "../core/port.ts";
import type { Reading } from "../core/reading.ts";
import type { HostTensor } from "../data/source.ts";
import { Eager, type Probe } from "../engine/readings/eager.ts";
import { type Edits, edited, joinEdits } from "../engine/readings/edited.ts";
import type { Weight, Weights } from "../engine/readings/weights.ts";
import { type Tensor, tensor } from "../engine/tensor.ts";
import { inputsOf, optionsOf, type Source } from "../graph/graph.ts";
import { withGraphBlocks } from "../graph/graphBlock.ts";
import { inputNeeds } from "../graph/neededInputs.ts";
import { ancestors } from "../graph/order.ts";
import { type PlacedBlock, placedBlocks } from "../inspection/placedBlocks.ts";
import type { Plan, PlanNode } from "../pipeline/compile.ts";
import { type InlinedPlan, inlined } from "../pipeline/inline.ts";

/** Values on the output ports of nodes, by node id and port. */
export type Values = Map<string, Record<string, Value>>;

type AnyCall = Call<Ports, Ports, Value>;

/**
 * The blocks of a plan, alive on the device: give it values for its sources, ask for the outputs of any node, and what
 * lies between is computed. Weights are named by the node's id: `resampler.layers.0.0.to_q.weight`.
 */
export class PipelineModel {
  /** What is computed node by node: the plan with blocks inlined. */
  readonly plan: InlinedPlan;
  /** The plan as it was compiled, whose nodes are those of the pipeline. */
  readonly whole: Plan;
  readonly weights: Weights;
  readonly findBlock: BlockLookup;
  readonly #blocks = new Map<string, { definition: AnyBlock; forward: AnyCall }>();
  readonly #readings: Eager[] = [];
  readonly #edits: Edits;

  /**
   * @param findBlock looks a block up by its type
   * @param readingOf the reading of each node; one that computes by default
   * @param plan the same with blocks inlined, where that was done already
   * @param edits what blocks give instead of their own outputs
   */
  constructor(
    whole: Plan,
    weights: Weights,
    findBlock: BlockLookup,
    readingOf: (node: string) => Reading = (node) => new Eager(weights, node),
    plan: InlinedPlan | undefined = undefined,
    edits: Edits = new Map(),
  ) {
    this.#edits = edits;
    this.whole = whole;
    this.weights = weights;
    this.findBlock = withGraphBlocks(whole.blocks, findBlock);
    const find = this.findBlock;
    this.plan = plan ?? inlined(whole, find);
    for (const node of Object.values(this.plan.nodes)) {
      const block = find(node.type);
      if (!block) continue;
      // Weights of the same name are the same weights: a node that shares needs no more than the other one's id.
      const reading = readingOf(node.shares ?? node.id);
      if (reading instanceof Eager) this.#readings.push(reading);
      const forward = instantiate(block, node.config, edited(reading, node.id, edits), {
        ...optionsOf(node),
        around: node.around,
        find,
      }) as unknown;
      this.#blocks.set(node.id, { definition: block, forward: forward as AnyCall });
    }
  }

  /** The same model on the same weights, under other readings. */
  under(readingOf: (node: string) => Reading): PipelineModel {
    return new PipelineModel(this.whole, this.weights, this.findBlock, readingOf, this.plan, this.#edits);
  }

  /** The same model on the same weights, in which some blocks give something else. */
  edited(edits: Edits): PipelineModel {
    const both = joinEdits(this.#edits, edits);
    return new PipelineModel(this.whole, this.weights, this.findBlock, undefined, this.plan, both);
  }

  /** Every block at any depth, with its place. */
  placedBlocks(): PlacedBlock[] {
    return placedBlocks(this.whole, this.findBlock);
  }

  node(id: string): PlanNode {
    const node = Object.hasOwn(this.plan.nodes, id) ? this.plan.nodes[id] : undefined;
    if (!node)
      throw new FlamingoError("NOT_FOUND", `the plan has no node "${id}"`, { fix: "name a node of the pipeline" });
    return node;
  }

  /** The node of the pipeline that a node is, or is inside of. */
  wholeNode(id: string): PlanNode {
    const around = Object.keys(this.whole.nodes).find((each) => id === each || id.startsWith(`${each}.`));
    return this.whole.nodes[around!]!;
  }

  /** Where the inputs of a node come from, by port. */
  inputsOf(id: string): Readonly<Record<string, Source>> {
    return inputsOf(this.plan, id);
  }

  /** The weights of a node: its own, or those that it shares. */
  weightsOf(id: string): Weight[] {
    return this.weights.all(this.node(id).shares ?? id);
  }

  /** The node's ancestors of the kind `source`. */
  sourcesOf(id: string): PlanNode[] {
    return [...this.#ancestorsOf(id)].map((each) => this.node(each)).filter((node) => node.kind === "source");
  }

  /**
   * Whether nothing that a node's value depends on learns: then it can be computed outside the gradient's tape, and what it
   * gives for the same inputs stays the same, so that a `FeatureCache` may keep it.
   */
  isFixed(id: string): boolean {
    return [...this.#ancestorsOf(id)].every((each) => this.weightsOf(each).every((weight) => weight.frozen));
  }

  /** Block nodes that a node depends on, in the order in which they are computed; itself included. */
  blocksUpTo(id: string): string[] {
    const needed = this.#ancestorsOf(id);
    return Object.keys(this.plan.nodes).filter((node) => needed.has(node) && this.#blocks.has(node));
  }

  /** Computes a node, and whatever it depends on that `values` does not hold yet; all of it is added to `values`. */
  compute(id: string, values: Values): Record<string, Value> {
    for (const each of this.blocksUpTo(id)) if (!values.has(each)) values.set(each, this.#call(each, values));
    const result = values.get(id);
    if (result) return result;
    throw new FlamingoError("MISSING_INPUT", `no values were given for "${id}"`, {
      block: id,
      fix: "give a batch of the source",
    });
  }

  /**
   * Calls one node on inputs of the caller's own, some of which may be left out: the language model without media.
   */
  call(id: string, inputs: Record<string, Value>): Record<string, Value> {
    const result = this.#blocks.get(id)!.forward(inputs as never);
    return outputsByName(Object.keys(this.node(id).outputs), result);
  }

  /** Whether a block can do without an input, and so can all blocks inside it. */
  isOptional(id: string, port: string): boolean {
    const spec = (this.#blocks.get(id)?.definition.inputs as Ports | undefined)?.[port];
    if (!spec?.optional) return false;
    const entryOf = (type: string) => {
      const block = this.findBlock(type);
      return block && makeCatalog([block])[type];
    };
    return !inputNeeds(entryOf, this.plan.blocks)(this.node(id)).has(port);
  }

  /** Turns gradient checkpointing on or off: a layer stores its inputs only, and the backward pass recomputes it. */
  setCheckpointing(on: boolean): void {
    for (const reading of this.#readings) reading.checkpointing = on;
  }

  /** Where the images come from that a block processes one by one (`perImage`); undefined for other blocks. */
  imagesOf(id: string): Source | undefined {
    const inputs = Object.values(this.inputsOf(id));
    return this.#blocks.get(id)?.definition.perImage && inputs.length === 1 ? inputs[0] : undefined;
  }

  /** Reads probes while `f` runs. */
  watched<T>(probes: readonly Probe[], f: () => T): T {
    for (const reading of this.#readings) reading.probes = probes;
    try {
      return f();
    } finally {
      for (const reading of this.#readings) reading.probes = [];
    }
  }

  #call(id: string, values: Values): Record<string, Value> {
    const inputs: Record<string, Value> = {};
    for (const [port, from] of Object.entries(this.inputsOf(id)))
      inputs[port] = this.compute(from.node, values)[from.port]!;
    return this.call(id, inputs);
  }

  #ancestorsOf(id: string): Set<string> {
    return ancestors(this.plan.edges, [id]);
  }
}

/** A batch on the device. The caller disposes it. */
export function toTensors(batch: Record<string, HostTensor>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(batch).map(([port, { shape, data }]) => [
      port,
      tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32"),
    ]),
  );
}
