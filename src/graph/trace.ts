import type { z } from "zod";
import type { BlockDefinition, BlockLookup } from "../core/block.ts";
import type { Value } from "../core/call.ts";
import { checkInputs } from "../core/check.ts";
import { parseConfig } from "../core/config.ts";
import { FlamingoError } from "../core/errors.ts";
import { instantiate } from "../core/instantiate.ts";
import type { Port, Ports } from "../core/port.ts";
import type { CallSite, Reading } from "../core/reading.ts";
import { evaluateDim, namesIn, renameDim, type SolvedShape } from "../core/shape.ts";
import {
  type GraphBlock,
  type GraphEdge,
  type GraphNode,
  type GraphPort,
  graphInputs,
  graphOutputs,
  optionsOf,
} from "./graph.ts";

export interface TraceOptions {
  /** Shapes of the inputs that are given; sizes may be names. By default those of `ports`, with the shapes of their ports. */
  inputs?: Readonly<Record<string, SolvedShape>>;
  /** Names of the inputs that are given; all by default. */
  ports?: readonly string[];
  /** Finds the blocks that slots name. */
  find?: BlockLookup;
}

/** A tensor without numbers: its shape as far as it is known, and where it comes from. */
interface Symbolic extends Value {
  source: readonly [node: string, port: string];
}

/**
 * Opens a composite block to its inside: calls its own code on symbolic tensors, and records each call of a child or a function
 * as a node. An input is optional only if every node that gets it can do without. The graph runs: as a block it gives the same bits as the one that was traced, under the same names of weights.
 * @throws FlamingoError for a primitive, which has no inside; INVALID_CONFIG, SHAPE_MISMATCH
 */
export function trace<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  options: TraceOptions = {},
): GraphBlock {
  if (definition.kind === "primitive") {
    throw new FlamingoError("NOT_FOUND", `${definition.name} is a primitive: it is tensor code, without an inside`, {
      block: definition.name,
      fix: "open a block that is made of others",
    });
  }
  const parsed = parseConfig(definition, config) as Record<string, unknown>;
  const ports = Object.entries(definition.inputs as Ports).filter(([port]) => options.ports?.includes(port) ?? true);
  const shapes =
    options.inputs ?? Object.fromEntries(ports.map(([port, { shape }]) => [port, withSizes(shape, parsed)]));
  const recorder = new Recorder();
  let outputs: Record<string, Value> = {};
  const reading: Reading = {
    weight: () => undefined,
    call: (site, given) => {
      if (site.path !== "") return recorder.record(site, given);
      checkInputs(definition, parsed, given, "");
      outputs = site.forward(given);
      return outputs;
    },
  };
  const given: Record<string, Value> = {};
  for (const [port, shape] of Object.entries(shapes))
    given[port] = symbolic(shape, (definition.inputs as Ports)[port]?.dtype ?? "float32", [graphInputs, port]);
  const forward = instantiate(definition, config, reading, options.find ? { find: options.find } : {});
  forward(given as never);
  for (const [port, value] of Object.entries(outputs))
    recorder.edges.push({ from: [...(value as Symbolic).source], to: [graphOutputs, port] });
  const { title, summary, layer, perImage, group } = definition;
  return {
    title,
    summary,
    from: definition.name,
    config: {},
    inputs: portsOf(Object.fromEntries(ports.filter(([port]) => port in given)), parsed, recorder.required),
    outputs: portsOf(definition.outputs, parsed, new Set()),
    nodes: recorder.nodes,
    edges: recorder.edges,
    ...(layer ? { layer } : {}),
    ...(perImage ? { perImage } : {}),
    ...(group ? { group } : {}),
    view: { positions: {} },
  };
}

/** Records calls as nodes and edges. */
class Recorder {
  readonly nodes: Record<string, GraphNode> = {};
  readonly edges: GraphEdge[] = [];
  /** Inputs of the graph that a node needs. */
  readonly required = new Set<string>();

  record({ definition, config, path, options }: CallSite, given: Record<string, Value | undefined>) {
    const { outputs } = checkInputs(definition, config, given, path);
    const id = this.#freeId(path);
    this.nodes[id] = {
      type: definition.name,
      config: plain(config),
      ...optionsOf(options),
      ...(id === path ? {} : { shares: path }),
    };
    for (const [port, value] of Object.entries(given)) {
      if (!value) continue;
      const { source } = value as Symbolic;
      this.edges.push({ from: [...source], to: [id, port] });
      if (source[0] === graphInputs && !(definition.inputs as Ports)[port]!.optional) this.required.add(source[1]);
    }
    const results: Record<string, Value> = {};
    for (const [port, shape] of Object.entries(outputs))
      results[port] = symbolic(shape, (definition.outputs as Ports)[port]!.dtype, [id, port]);
    return results;
  }

  /** A child that is called more than once has a node for each call, which share its weights. */
  #freeId(path: string): string {
    let id = path;
    for (let call = 2; id in this.nodes; call++) id = `${path}_call${call}`;
    return id;
  }
}

/** A configuration as JSON holds it: fields that are not set are left out. */
function plain(config: Record<string, unknown>): GraphNode["config"] {
  return JSON.parse(JSON.stringify(config));
}

function symbolic(shape: SolvedShape, dtype: string, source: Symbolic["source"]): Symbolic {
  // Unsolved names stay in the shape: the solver takes them as they are.
  return { shape: shape as readonly number[], dtype, source };
}

/** A shape with the sizes that the configuration gives. */
export function withSizes(shape: SolvedShape, config: Record<string, unknown>): SolvedShape {
  return shape.map((dim) => {
    const size = (name: string) => (typeof config[name] === "number" ? config[name] : undefined);
    const value = typeof dim === "string" && dim.startsWith("...") ? undefined : evaluateDim(dim, size);
    if (value !== undefined) return value;
    return namesIn(dim).some((name) => size(name) !== undefined)
      ? renameDim(dim, (name) => `${size(name) ?? name}`)
      : dim;
  });
}

function portsOf(
  ports: Ports,
  config: Record<string, unknown>,
  required: ReadonlySet<string>,
): Record<string, GraphPort> {
  const entries = Object.entries(ports).map(([port, { shape, dtype, doc, optional }]: [string, Port]) => [
    port,
    { shape: withSizes(shape, config).join(" "), dtype, doc, optional: optional && !required.has(port) },
  ]);
  return Object.fromEntries(entries);
}
