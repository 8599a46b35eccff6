import { expect, test } from "vitest";
import { card } from "../../../editor/client/graph/cardSize.ts";
import { flowEdges, flowNodes, movedWithFrames } from "../../../editor/client/graph/flowNodes.ts";
import { placeAll, portsOf, tidyPositions } from "../../../editor/client/graph/nodePorts.ts";
import { checkPipeline } from "../../../src/graph/check.ts";
import { addGroup } from "../../../src/graph/edit/annotations.ts";
import { moveNodes } from "../../../src/graph/edit/drawnGraph.ts";
import { solveShapes } from "../../../src/graph/solve.ts";
import { catalog, chain } from "./catalog.ts";

test("moving or selecting one node changes that node only", () => {
  const before = flowNodes([], chain, []);
  const moved = flowNodes(before, moveNodes(chain, { encoder: [300, 90] }), []);
  expect(moved.map((node, index) => node === before[index])).toEqual([true, false, true]);
  const selected = flowNodes(before, chain, ["head"]);
  expect(selected.map((node, index) => node === before[index])).toEqual([true, true, false]);
  expect(flowNodes(before, { ...chain }, [])).toEqual(before);
});

test("a frame is drawn around its group's nodes, moves them, and follows them", () => {
  const { graph } = addGroup(chain, ["encoder", "head"], { title: "Mine", color: "teal" })!;
  const drawn = flowNodes([], graph, []);
  const [frame, ...cards] = drawn;
  expect(frame).toMatchObject({ id: "group:1", type: "frame", ariaLabel: "group Mine" });
  const places = Object.fromEntries(cards.map(({ id, position }) => [id, position]));
  expect(frame!.position.x).toBeLessThan(places.encoder!.x);
  expect(frame!.position.x + frame!.width!).toBeGreaterThan(places.head!.x + card.width);
  const to = { x: frame!.position.x + 50, y: frame!.position.y - 20 };
  const moves = movedWithFrames([{ type: "position", id: "group:1", position: to, dragging: true }], drawn, graph);
  expect(moves).toEqual(
    ["encoder", "head"].map((id) => ({
      type: "position",
      id,
      position: { x: places[id]!.x + 50, y: places[id]!.y - 20 },
      dragging: true,
    })),
  );
  const moved = moveNodes(graph, { encoder: [places.encoder!.x + 50, places.encoder!.y - 20] });
  const after = flowNodes(drawn, moved, ["group:1"]);
  expect(after[0]!.position).not.toEqual(frame!.position);
  expect(after[0]!.selected).toBe(true);
  expect(flowNodes(after, moved, ["group:1"]).map((node, index) => node === after[index])).toEqual(
    after.map(() => true),
  );
});

test("a wire carries its solved shape, and one that does not fit stays and says why", () => {
  const draw = (pipeline: typeof chain) =>
    flowEdges(pipeline, solveShapes(pipeline, catalog), checkPipeline(pipeline, catalog), []);
  expect(draw(chain).map((edge) => edge.data)).toEqual([{ shape: "batch×32×32×3" }, { shape: "batch×16" }]);
  const broken = { ...chain, nodes: { ...chain.nodes, head: { type: "Head", config: { dim: 8 } } } };
  const [, wire] = draw(broken);
  expect(wire!.data).toMatchObject({ clash: "16 ≠ 8" });
  expect(wire!.data!.problem).toContain("dim = 8");
});

test("an unknown node keeps the ports that its wires end at", () => {
  const unknown = { ...chain, nodes: { ...chain.nodes, encoder: { type: "FromTheFuture", config: { a: 1 } } } };
  expect(portsOf(unknown, "encoder", undefined)).toEqual({ inputs: ["images"], outputs: ["features"] });
  expect(flowEdges(unknown, solveShapes(unknown, catalog), [], [])).toHaveLength(2);
});

test("nodes without a place are put in reading order; those that have one stay", () => {
  const { view: _view, ...rest } = chain;
  const placed: Record<string, [number, number]> = placeAll({ ...rest, view: { positions: {} } }, catalog).view
    .positions;
  expect(placed).toEqual(tidyPositions(chain, catalog));
  expect(placed.pictures![0] < placed.encoder![0] && placed.encoder![0] < placed.head![0]).toBe(true);
  expect(placeAll(chain, catalog)).toBe(chain);
});
