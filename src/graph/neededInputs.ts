import type { CatalogEntry } from "../core/catalog.ts";
import type { SlotSpec } from "../core/misfit.ts";
import { type GraphBlocks, type GraphNode, graphInputs } from "./graph.ts";

/** A block as it is configured; what has a default may be left out. */
type Configured = Pick<GraphNode, "type"> & { config?: Record<string, unknown> };

/**
 * Tells which inputs a block needs as it is configured: those that its ports require, and those that are optional in general but that a
 * block in one of its slots, or inside a pipeline's own block, cannot do without. A slot gets an input of the block around it under the same
 * name; its other inputs are always given.
 * @param blocks the pipeline's own blocks, none of which contains itself
 */
export function inputNeeds(
  entryOf: (type: string) => CatalogEntry | undefined,
  blocks: GraphBlocks,
): (block: Configured) => ReadonlySet<string> {
  const insides = new Map<string, string[]>();
  const needs = ({ type, config }: Configured): ReadonlySet<string> => {
    const entry = entryOf(type);
    if (!entry) return new Set();
    const required = Object.entries(entry.inputs).flatMap(([port, { optional }]) => (optional ? [] : [port]));
    const within = [...inSlots(entry, { ...entry.defaults, ...config }), ...inside(type)];
    return new Set([...required, ...within.filter((port) => Object.hasOwn(entry.inputs, port))]);
  };
  const inSlots = ({ config: schema }: CatalogEntry, values: Record<string, unknown>): string[] =>
    Object.entries(schema.properties ?? {}).flatMap(([field, { slot }]) => {
      const filling = values[field] as Configured | null | undefined;
      if (!slot || !filling) return [];
      const { inputs } = slot as SlotSpec;
      return [...needs(filling)].filter((port) => inputs[port]?.optional);
    });
  const inside = (type: string): string[] => {
    const known = insides.get(type);
    if (known || !Object.hasOwn(blocks, type)) return known ?? [];
    const { nodes, edges } = blocks[type]!;
    const needed = new Map(Object.entries(nodes).map(([id, node]) => [id, needs(node)]));
    const found = edges.flatMap(({ from, to }) =>
      from[0] === graphInputs && needed.get(to[0])?.has(to[1]) ? [from[1]] : [],
    );
    insides.set(type, found);
    return found;
  };
  return needs;
}
