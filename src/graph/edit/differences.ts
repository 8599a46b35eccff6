import { isObject } from "../../core/json.ts";
import { computationOfNode } from "../computation.ts";
import type { Graph, GraphEdge, GraphNode } from "../graph.ts";

/** How a graph differs from another one, by the ids of nodes. */
export interface Differences {
  added: string[];
  changed: string[];
  removed: string[];
  edges: { added: GraphEdge[]; removed: GraphEdge[] };
}

/** What of a changed copy differs from its original. Where nodes stand, and their labels, are no difference. */
export function differences(original: Graph, changed: Graph): Differences {
  const [before, after] = [original, changed].map(({ nodes }) => Object.keys(nodes)) as [string[], string[]];
  const keyOf = ({ from, to }: GraphEdge) => [...from, ...to].join("\n");
  const without = (some: readonly GraphEdge[], others: readonly GraphEdge[]) => {
    const known = new Set(others.map(keyOf));
    return some.filter((edge) => !known.has(keyOf(edge)));
  };
  return {
    added: after.filter((id) => !Object.hasOwn(original.nodes, id)),
    changed: after.filter(
      (id) =>
        Object.hasOwn(original.nodes, id) &&
        computationOfNode(original.nodes[id]!) !== computationOfNode(changed.nodes[id]!),
    ),
    removed: before.filter((id) => !Object.hasOwn(changed.nodes, id)),
    edges: {
      added: without(changed.edges, original.edges),
      removed: without(original.edges, changed.edges),
    },
  };
}

/** A field of a node that differs: `config.attention.heads`. A value is undefined where there is none. */
export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}

/** What of a node differs, field by field. */
export function fieldChanges(before: GraphNode, after: GraphNode): FieldChange[] {
  const [old, fresh] = [before, after].map(({ label: _label, ...node }) => leaves(node)) as [
    Map<string, unknown>,
    Map<string, unknown>,
  ];
  const fields = [...new Set([...old.keys(), ...fresh.keys()])];
  return fields.flatMap((field) =>
    JSON.stringify(old.get(field)) === JSON.stringify(fresh.get(field))
      ? []
      : [{ field, before: old.get(field), after: fresh.get(field) }],
  );
}

/** What lies at the ends of an object's fields, by their path; a list is an end. */
function leaves(value: object, path = ""): Map<string, unknown> {
  return new Map(
    Object.entries(value).flatMap(([key, each]: [string, unknown]): [string, unknown][] => {
      const place = path === "" ? key : `${path}.${key}`;
      return isObject(each) ? [...leaves(each, place)] : [[place, each]];
    }),
  );
}

export function areSame({ added, changed, removed, edges }: Differences): boolean {
  return [added, changed, removed, edges.added, edges.removed].every((list) => list.length === 0);
}
