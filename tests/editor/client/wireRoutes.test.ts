import { expect, test } from "vitest";
import { type Point, routeWires, type WireEnds } from "../../../editor/client/graph/wireRoutes.ts";

const label = { width: 40, height: 14 };
const wire = (from: Point, to: Point): WireEnds => ({ from, to, label });
const card = (x: number, y: number) => ({ x, y, width: 200, height: 100 });

test("a wire that crosses no card is a plain curve", () => {
  const [route] = routeWires([wire([200, 50], [600, 50])], [card(0, 0), card(600, 0), card(300, 300)]);
  expect(route).toEqual({ via: [], label: [400, 50] });
});

test("a wire goes around a card that lies between its ends, by the shorter way", () => {
  const cards = [card(0, 0), card(300, 20), card(600, 0)];
  const [above, below] = routeWires([wire([200, 40], [600, 40]), wire([200, 90], [600, 90])], cards);
  for (const [x, y] of above!.via) expect(y < 20 && (x < 300 || x > 500)).toBe(true);
  for (const [, y] of below!.via) expect(y).toBeGreaterThan(120);
});

test("two wires around the same card do not lie on each other", () => {
  const cards = [card(0, 0), card(300, 0), card(600, 0)];
  const routes = routeWires([wire([200, 60], [600, 60]), wire([200, 70], [600, 70])], cards);
  const [first, second] = routes.map(({ via }) => via[0]![1]);
  expect(Math.abs(first! - second!)).toBeGreaterThan(10);
});

test("labels lie on no card and on no other label; where there is no room there is none", () => {
  const cards = [card(0, 0), card(230, 0)];
  const [beside] = routeWires([wire([200, 30], [230, 60])], cards);
  expect(beside!.label).toBeUndefined();
  const [one, other] = routeWires([wire([200, 30], [600, 30]), wire([200, 36], [600, 36])], [card(0, 0), card(600, 0)]);
  const apart = Math.abs(one!.label![0] - other!.label![0]) > 40 || Math.abs(one!.label![1] - other!.label![1]) > 14;
  expect(apart).toBe(true);
});
