import type { SizeOf } from "./align.ts";
import { type Box, boxAround, overlap } from "./box.ts";
import { type DrawnGraph, moveNodes, type Position } from "./drawnGraph.ts";

/** Between the boxes of two nodes that do not lie on each other, in pixels at zoom 1. */
const gap = 16;

/**
 * Makes room for nodes that took the place of one: where they would lie on others, they stand with their corner where its corner was, and
 * what stood to the right of it or below it moves on by as much as they need more. Nodes that did not lie on each other before do not
 * then: all that moves keeps its order from left to right and from top to bottom.
 * @param place where the node stood that they replace
 */
export function makeRoom<G extends DrawnGraph>(graph: G, ids: readonly string[], place: Box, sizeOf: SizeOf): G {
  const { positions } = graph.view;
  const boxOf = (id: string): Box => ({ x: positions[id]![0], y: positions[id]![1], ...sizeOf(id) });
  const [own, others] = [ids, Object.keys(positions).filter((id) => !ids.includes(id))].map((some) =>
    some.filter((id) => positions[id]).map(boxOf),
  ) as [Box[], Box[]];
  if (!own.some((box) => others.some((other) => overlap(box, other, gap)))) return graph;
  const around = boxAround(own);
  const [more, moreDown] = [around.width - place.width, around.height - place.height].map((each) => Math.max(0, each));
  const to = (id: string): Position => {
    const [x, y] = positions[id]!;
    if (ids.includes(id)) return [Math.round(x - around.x + place.x), Math.round(y - around.y + place.y)];
    return [x >= place.x + place.width ? x + more! : x, y >= place.y + place.height ? y + moreDown! : y];
  };
  return moveNodes(graph, Object.fromEntries(Object.keys(positions).map((id) => [id, to(id)])));
}
