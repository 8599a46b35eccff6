import type { Box } from "../../../src/graph/edit/box.ts";

export type Point = readonly [x: number, y: number];

/** A wire to be drawn: from the right side of a card to the left side of another, with a label so wide. */
export interface WireEnds {
  from: Point;
  to: Point;
  label: { width: number; height: number };
}

export interface WireRoute {
  /** Places that it goes through between its ends; none where a plain curve crosses no card. */
  via: Point[];
  /** The middle of its label; undefined where there is no room for one. */
  label: Point | undefined;
}

/** Room between a wire and a card that it passes, and between two wires side by side, in pixels at zoom 1. */
const clearance = 8;
const lane = 18;
const samples = 24;

/**
 * Ways for wires around the cards that lie between their ends, and places for their labels that are on no card.
 * @param texts what else no label may lie on
 */
export function routeWires(wires: readonly WireEnds[], cards: readonly Box[], texts: readonly Box[] = []): WireRoute[] {
  const taken: Lane[] = [];
  const labels: Box[] = [...texts];
  return wires.map(({ from, to, label }) => {
    const via = around(from, to, cards, taken);
    if (via.length > 0) taken.push({ y: via[0]![1], left: via[0]![0], right: via.at(-1)![0] });
    const place = labelPlace(pathPoints([from, ...via, to]), label, [...cards, ...labels]);
    if (place) labels.push(boxAround(place, label));
    return { via, label: place };
  });
}

/** A wire through some places, as the path of an SVG picture: curves that leave and arrive level. */
export function wirePath(stops: readonly Point[]): string {
  const [first, ...others] = stops;
  const at = (x: number, y: number) => `${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100}`;
  const curves = others.map(([x1, y1], index) => {
    const [x0, y0] = stops[index]!;
    const bend = bendOf(x0, x1);
    return `C${at(x0 + bend, y0)} ${at(x1 - bend, y1)} ${at(x1, y1)}`;
  });
  return `M${at(...first!)}${curves.join("")}`;
}

/** How far a curve goes straight on from either end. */
function bendOf(x0: number, x1: number): number {
  return x1 >= x0 ? (x1 - x0) / 2 : 6.25 * Math.sqrt(x0 - x1);
}

/** Points on a wire. */
function pathPoints(stops: readonly Point[]): Point[] {
  return stops.slice(1).flatMap((end, index) => {
    const [[x0, y0], [x1, y1]] = [stops[index]!, end];
    const bend = bendOf(x0, x1);
    return Array.from({ length: samples + 1 }, (_value, step): Point => {
      const t = step / samples;
      const at = (a: number, b: number, c: number, d: number) =>
        (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d;
      return [at(x0, x0 + bend, x1 - bend, x1), at(y0, y0, y1, y1)];
    });
  });
}

function around(from: Point, to: Point, cards: readonly Box[], taken: readonly Lane[]): Point[] {
  const [first, last] = [from[0], to[0]];
  if (last <= first) return [];
  const between = cards.filter(({ x, width }) => x > first && x + width < last);
  const hit = between.filter((card) => pathPoints([from, to]).some((point) => isIn(point, card)));
  if (hit.length === 0) return [];
  const left = Math.max(first + 12, Math.min(...hit.map(({ x }) => x)) - 24);
  const right = Math.min(last - 12, Math.max(...hit.map(({ x, width }) => x + width)) + 24);
  const middle = (from[1] + to[1]) / 2;
  const heights = between
    .flatMap(({ y, height }) => [0, 1, 2].flatMap((row) => [y - lane * (row + 1), y + height + lane * (row + 1)]))
    .sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  for (const y of heights) {
    const shared = taken.some(
      (other) => Math.abs(other.y - y) < lane * 0.7 && other.left < right && left < other.right,
    );
    const via: Point[] = [
      [left, y],
      [right, y],
    ];
    const points = pathPoints([from, ...via, to]);
    if (!shared && !points.some((point) => between.some((card) => isIn(point, card)))) return via;
  }
  return [];
}

interface Lane {
  y: number;
  left: number;
  right: number;
}

function isIn([x, y]: Point, card: Box): boolean {
  return (
    x > card.x - clearance &&
    x < card.x + card.width + clearance &&
    y > card.y - clearance &&
    y < card.y + card.height + clearance
  );
}

/** The place on a wire, or beside it, nearest to its middle where a label lies on nothing. */
function labelPlace(points: readonly Point[], size: WireEnds["label"], taken: readonly Box[]): Point | undefined {
  const middle = (points.length - 1) / 2;
  const aside = size.width / 2 + 6;
  const beside: Point[] = [
    [0, 0],
    [-aside, 0],
    [aside, 0],
    [0, -size.height],
    [0, size.height],
  ];
  const places = points.flatMap(([x, y], at) =>
    beside.map(([dx, dy], rank) => ({
      place: [x + dx, y + dy] as Point,
      cost: Math.abs(at - middle) + rank * samples,
    })),
  );
  const isFree = (place: Point) => {
    const box = boxAround(place, size);
    return taken.every(
      (other) =>
        box.x + box.width < other.x ||
        other.x + other.width < box.x ||
        box.y + box.height < other.y ||
        other.y + other.height < box.y,
    );
  };
  return places.sort((a, b) => a.cost - b.cost).find(({ place }) => isFree(place))?.place;
}

function boxAround([x, y]: Point, { width, height }: WireEnds["label"]): Box {
  return { x: x - width / 2, y: y - height / 2, width, height };
}
