import fc from "fast-check";
import { expect, test } from "vitest";
import { type LayoutEdge, type LayoutNode, layout } from "../../src/figures/layout.ts";

const node = (id: string, height = 40): LayoutNode => ({
  id,
  width: 100,
  height,
  inputs: { in: height / 2 },
  outputs: { out: height / 2 },
});
const edge = (from: string, to: string): LayoutEdge => ({ from: [from, "out"], to: [to, "in"] });
const gaps = { x: 50, y: 20 };

/** Any graph without circles, of at most twelve nodes: edges lead from lower to higher numbers. */
const graphs = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc.record({
    heights: fc.array(fc.integer({ min: 20, max: 200 }), { minLength: count, maxLength: count }),
    pairs: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 24 }),
  }),
);

test("nodes never overlap, and every edge leads to the right", () => {
  fc.assert(
    fc.property(graphs, ({ heights, pairs }) => {
      const nodes = heights.map((height, index) => node(`n${index}`, height));
      const edges = pairs.filter(([a, b]) => a < b).map(([a, b]) => edge(`n${a}`, `n${b}`));
      const { positions } = layout(nodes, edges, gaps);
      for (const { from, to } of edges)
        expect(positions[to[0]]![0] - positions[from[0]]![0]).toBeGreaterThanOrEqual(100 + gaps.x);
      for (const a of nodes)
        for (const b of nodes) {
          if (a.id >= b.id || positions[a.id]![0] !== positions[b.id]![0]) continue;
          const [upper, lower] = positions[a.id]![1] < positions[b.id]![1] ? [a, b] : [b, a];
          expect(positions[lower.id]![1] - positions[upper.id]![1]).toBeGreaterThanOrEqual(upper.height + gaps.y - 1.5);
        }
    }),
  );
});

test("a chain is a straight line", () => {
  const { positions } = layout([node("a"), node("b"), node("c")], [edge("a", "b"), edge("b", "c")], gaps);
  expect(positions).toEqual({ a: [0, 0], b: [150, 0], c: [300, 0] });
});

test("an edge over several columns passes beside the nodes between", () => {
  const nodes = [node("a"), node("b"), node("c")];
  const { positions, routes } = layout(nodes, [edge("a", "b"), edge("b", "c"), edge("a", "c")], gaps);
  const [[x, y]] = routes[2] as [[number, number]];
  expect(x).toBe(200);
  const [, top] = positions.b!;
  expect(y < top || y > top + 40).toBe(true);
});

test("a source stands next to what it feeds, and a circle is drawn all the same", () => {
  const nodes = ["a", "b", "c", "late"].map((id) => node(id));
  const { positions } = layout(nodes, [edge("a", "b"), edge("b", "c"), edge("late", "c")], gaps);
  expect(positions.late![0]).toBe(positions.b![0]);
  const circle = layout(nodes, [edge("a", "b"), edge("b", "a"), edge("a", "a")], gaps);
  expect(Object.keys(circle.positions)).toHaveLength(4);
});
