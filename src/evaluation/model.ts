import type { Value } from "../core/call.ts";
import type { Reading } from "../core/reading.ts";
import type { Probe } from "../engine/readings/eager.ts";
import type { Edits } from "../engine/readings/edited.ts";
import type { Weights } from "../engine/readings/weights.ts";
import type { Source } from "../graph/graph.ts";
import type { PlacedBlock } from "../inspection/placedBlocks.ts";

/** The blocks of a graph with their weights, as far as evaluation uses them. */
export interface Model {
  readonly weights: Weights;
  node(id: string): GraphNode;
  /** Where the inputs of a node come from, by port. */
  inputsOf(id: string): Readonly<Record<string, Source>>;
  /** Sources that a node depends on. */
  sourcesOf(id: string): GraphNode[];
  /** Block nodes that a node depends on, in the order in which they are computed; itself included. */
  blocksUpTo(id: string): string[];
  /** Computes a node, and whatever it depends on that `values` does not hold yet. */
  compute(id: string, values: Map<string, Record<string, Value>>): Record<string, Value>;
  /** Calls one node on given inputs. */
  call(id: string, inputs: Record<string, Value>): Record<string, Value>;
  isOptional(id: string, port: string): boolean;
  /** The same model on the same weights, under other readings. */
  under(readingOf: (node: string) => Reading): Model;
  /** The same model on the same weights, in which some blocks give something else. */
  edited(edits: Edits): Model;
  /** All blocks, each in its place. */
  placedBlocks(): readonly PlacedBlock[];
  watched<T>(probes: readonly Probe[], f: () => T): T;
}

interface GraphNode {
  readonly id: string;
  readonly label: string;
  /** Shapes, as far as they are known. */
  readonly outputs: Readonly<Record<string, readonly (number | string)[]>>;
}
