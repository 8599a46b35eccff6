import fc from "fast-check";
import { expect, test } from "vitest";
import { overlap } from "../../../src/graph/edit/box.ts";
import type { DrawnGraph, Position } from "../../../src/graph/edit/drawnGraph.ts";
import { makeRoom } from "../../../src/graph/edit/makeRoom.ts";

const place = fc.tuple(fc.integer({ min: -700, max: 700 }), fc.integer({ min: -500, max: 500 }));
const size = fc.record({ width: fc.integer({ min: 40, max: 400 }), height: fc.integer({ min: 40, max: 300 }) });
const cards = fc.array(fc.tuple(place, size), { maxLength: 10 });

interface Scene {
  graph: DrawnGraph;
  sizes: Record<string, { width: number; height: number }>;
  own: string[];
  at: { x: number; y: number; width: number; height: number };
}

/** A block that stood in the middle of others, and the nodes in its place: among themselves none lies on another. */
const scenes = fc.tuple(cards, size, fc.integer({ min: 1, max: 4 })).map(([others, old, count]): Scene => {
  const at = { x: 0, y: 0, ...old };
  const positions: Record<string, Position> = {};
  const sizes: Scene["sizes"] = {};
  for (const [[x, y], each] of others) {
    const boxes = Object.keys(positions).map((id) => ({ x: positions[id]![0], y: positions[id]![1], ...sizes[id]! }));
    if ([...boxes, at].some((box) => overlap(box, { x, y, ...each }))) continue;
    const id = `other${boxes.length}`;
    positions[id] = [x, y];
    sizes[id] = each;
  }
  const own = Array.from({ length: count }, (_value, index) => `own${index}`);
  own.forEach((id, index) => {
    positions[id] = [index * 260 - count * 130, index * 30];
    sizes[id] = { width: 224, height: 120 };
  });
  return { graph: { nodes: {}, edges: [], view: { positions } }, sizes, own, at };
});

const boxesOf = ({ view }: DrawnGraph, sizes: Scene["sizes"], ids: readonly string[]) =>
  ids.map((id) => ({ x: view.positions[id]![0], y: view.positions[id]![1], ...sizes[id]! }));

test("nodes that take the place of one lie on no other, and neither do the others on each other", () => {
  fc.assert(
    fc.property(scenes, ({ graph, sizes, own, at }) => {
      const roomy = makeRoom(graph, own, at, (id) => sizes[id]!);
      const all = boxesOf(roomy, sizes, Object.keys(sizes));
      expect(all.filter((box, index) => all.some((other, at) => at > index && overlap(box, other)))).toEqual([]);
    }),
  );
});

test("nothing moves where there is room", () => {
  fc.assert(
    fc.property(scenes, ({ graph, sizes, own, at }) => {
      const [mine, others] = [own, Object.keys(sizes).filter((id) => !own.includes(id))].map((ids) =>
        boxesOf(graph, sizes, ids),
      );
      fc.pre(!mine!.some((box) => others!.some((other) => overlap(box, other, 20))));
      expect(makeRoom(graph, own, at, (id) => sizes[id]!)).toBe(graph);
    }),
  );
});
