import { moveNodes, type Position } from "./drawnGraph.ts";
import type { EditedGraph } from "./place.ts";

export type Side = "left" | "right" | "top" | "bottom";

/** How large nodes are drawn. */
export type SizeOf = (id: string) => { width: number; height: number };

/** Moves nodes so that they end at one line: that of the outermost of them. */
export function align<G extends EditedGraph>(graph: G, ids: readonly string[], side: Side, sizeOf: SizeOf): G {
  const places = placesOf(graph, ids);
  const axis = side === "left" || side === "right" ? 0 : 1;
  const isFar = side === "right" || side === "bottom";
  const extent = (id: string) => (axis === 0 ? sizeOf(id).width : sizeOf(id).height);
  const ends = places.map(([id, place]) => place[axis] + (isFar ? extent(id) : 0));
  const line = isFar ? Math.max(...ends) : Math.min(...ends);
  return moveNodes(
    graph,
    moved(places, axis, ([id]) => line - (isFar ? extent(id) : 0)),
  );
}

/** Moves nodes so that the gaps between them are the same; the first and the last stay. */
export function distribute<G extends EditedGraph>(graph: G, ids: readonly string[], axis: 0 | 1, sizeOf: SizeOf): G {
  const places = placesOf(graph, ids).sort(([, a], [, b]) => a[axis] - b[axis]);
  if (places.length < 3) return graph;
  const extent = (id: string) => (axis === 0 ? sizeOf(id).width : sizeOf(id).height);
  const [first, last] = [places[0]!, places.at(-1)!];
  const filled = places.reduce((sum, [id]) => sum + extent(id), 0);
  const gap = (last[1][axis] + extent(last[0]) - first[1][axis] - filled) / (places.length - 1);
  let next = first[1][axis];
  const starts = new Map<string, number>();
  for (const [id] of places) {
    starts.set(id, next);
    next += extent(id) + gap;
  }
  return moveNodes(
    graph,
    moved(places, axis, ([id]) => starts.get(id)!),
  );
}

type Placed = [id: string, place: Position];

function placesOf({ view }: EditedGraph, ids: readonly string[]): Placed[] {
  return ids.flatMap((id): Placed[] => (view.positions[id] ? [[id, view.positions[id]]] : []));
}

function moved(places: readonly Placed[], axis: 0 | 1, to: (placed: Placed) => number): Record<string, Position> {
  const entries = places.map((placed): [string, Position] => {
    const [id, [x, y]] = placed;
    const value = Math.round(to(placed));
    return [id, axis === 0 ? [value, y] : [x, value]];
  });
  return Object.fromEntries(entries);
}
