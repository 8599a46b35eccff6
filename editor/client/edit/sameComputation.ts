import type { Pipeline } from "../../../src/pipeline/schema.ts";

/** Whether two pipelines compute the same: they may differ in name, description, labels and positions. */
export function sameComputation(a: Pipeline, b: Pipeline): boolean {
  return a === b || computation(a) === computation(b);
}

function computation({ nodes, edges, blocks }: Pipeline): string {
  const parts = Object.entries(nodes).map(([id, { label: _label, ...rest }]) => [id, rest]);
  const wires = edges.map(({ from, to }) => [...from, ...to].join(" ")).sort();
  return JSON.stringify(sorted([Object.fromEntries(parts), wires, blocks]));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
