/** A node to be placed: its size, and how far below its top each port is. */
export interface LayoutNode {
  id: string;
  width: number;
  height: number;
  inputs: Record<string, number>;
  outputs: Record<string, number>;
  /** Where its head is, below its top: heads of neighbours are put level, rather than the ports that are joined. */
  head?: number;
}

export interface LayoutEdge {
  from: readonly [node: string, port: string];
  to: readonly [node: string, port: string];
}

export interface LayoutGaps {
  /** Between columns, and between nodes of a column. */
  x: number;
  y: number;
}

export interface Layout {
  /** Left top corner of each node. */
  positions: Record<string, [number, number]>;
  /** For each edge, points it passes on its way between other nodes; empty where it goes straight to the next column. */
  routes: [number, number][][];
}

/** A thing in a column: a node, or a place that a long edge passes. */
interface Item {
  key: string;
  layer: number;
  width: number;
  height: number;
  y: number;
  /** What it is joined to in the column before and after: offsets from either top. */
  before: Link[];
  after: Link[];
}

/** A bond to an item of a neighbouring column: what of either should be level, and how much it counts. */
interface Link {
  item: Item;
  own: number;
  other: number;
  weight: number;
}

/** Neighbours stay in a row even where long edges pull them apart. */
const levelWeight = 8;

/**
 * Lays a graph out from left to right: every node in the column after the last one it depends on, columns ordered so
 * that few edges cross, and nodes level with what they are joined to. Nodes never overlap. A circle is cut where it is
 * found; the result depends on nothing but the arguments.
 */
export function layout(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], gaps: LayoutGaps): Layout {
  const ids = new Set(nodes.map((node) => node.id));
  const known = edges.map((edge) => ids.has(edge.from[0]) && ids.has(edge.to[0]) && edge.from[0] !== edge.to[0]);
  const layers = assignLayers(
    nodes,
    edges.filter((_edge, index) => known[index]),
  );
  const items = new Map<string, Item>();
  for (const { id, width, height } of nodes)
    items.set(id, { key: id, layer: layers.get(id)!, width, height, y: 0, before: [], after: [] });
  const passes = edges.map((edge, index) => (known[index] ? join(items, nodes, edge, index) : []));
  const columns: Item[][] = [];
  for (const item of items.values()) {
    while (columns.length <= item.layer) columns.push([]);
    columns[item.layer]!.push(item);
  }
  order(columns);
  place(columns, gaps.y);
  const lefts = leftsOf(columns, gaps.x);
  const positions = Object.fromEntries(
    nodes.map(({ id }) => [id, [lefts[items.get(id)!.layer]!, items.get(id)!.y] as [number, number]]),
  );
  const routes = passes.map((list) =>
    list.map((item): [number, number] => [lefts[item.layer]! + widthOf(columns[item.layer]!) / 2, item.y]),
  );
  return { positions, routes };
}

/** The longest way from a start; nodes without inputs move up to what they feed. */
function assignLayers(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Map<string, number> {
  const layers = new Map(nodes.map((node) => [node.id, 0]));
  const followers = new Map<string, string[]>(nodes.map((node) => [node.id, []]));
  const missing = new Map(nodes.map((node) => [node.id, 0]));
  for (const { from, to } of edges) {
    followers.get(from[0])!.push(to[0]);
    missing.set(to[0], missing.get(to[0])! + 1);
  }
  const left = new Set(nodes.map((node) => node.id));
  const ready = nodes.filter((node) => missing.get(node.id) === 0).map((node) => node.id);
  while (left.size > 0) {
    const id = ready.shift() ?? [...left][0]!; // nothing is ready in a circle: cut it at its first node
    if (!left.delete(id)) continue;
    for (const next of followers.get(id)!) {
      if (!left.has(next)) continue;
      layers.set(next, Math.max(layers.get(next)!, layers.get(id)! + 1));
      missing.set(next, missing.get(next)! - 1);
      if (missing.get(next) === 0) ready.push(next);
    }
  }
  const fed = new Set(edges.map((edge) => edge.to[0]));
  for (const { id } of nodes) {
    const nexts = followers.get(id)!.map((next) => layers.get(next)!);
    if (!fed.has(id) && nexts.length > 0) layers.set(id, Math.max(0, Math.min(...nexts) - 1));
  }
  return layers;
}

/** Joins the items of an edge, with a pass in every column between. Returns the passes. */
function join(items: Map<string, Item>, nodes: readonly LayoutNode[], edge: LayoutEdge, index: number): Item[] {
  const node = (id: string) => nodes.find((candidate) => candidate.id === id)!;
  const [source, target] = [items.get(edge.from[0])!, items.get(edge.to[0])!];
  if (target.layer <= source.layer) return [];
  const passes: Item[] = [];
  const [start, end] = [node(source.key), node(target.key)];
  const level = target.layer === source.layer + 1 && start.head !== undefined && end.head !== undefined;
  const leaves = level ? start.head! : (start.outputs[edge.from[1]] ?? start.height / 2);
  const arrives = level ? end.head! : (end.inputs[edge.to[1]] ?? end.height / 2);
  let last = source;
  let own = leaves;
  for (let layer = source.layer + 1; layer <= target.layer; layer++) {
    const isEnd = layer === target.layer;
    const next = isEnd ? target : pass(`${index}@${layer}`, layer);
    const other = isEnd ? arrives : 0;
    if (!isEnd) {
      items.set(`pass ${next.key}`, next);
      passes.push(next);
    }
    const weight = level ? levelWeight : 1;
    last.after.push({ item: next, own, other, weight });
    next.before.push({ item: last, own: other, other: own, weight });
    last = next;
    own = other;
  }
  return passes;
}

function pass(key: string, layer: number): Item {
  return { key, layer, width: 0, height: 0, y: 0, before: [], after: [] };
}

/** Sweeps to and fro, sorting each column by where its neighbours are. */
function order(columns: Item[][]): void {
  const rank = new Map<Item, number>();
  const number = (column: Item[]) => {
    column.forEach((item, index) => {
      rank.set(item, index / Math.max(1, column.length - 1));
    });
  };
  columns.forEach(number);
  for (let sweep = 0; sweep < 8; sweep++) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : [...columns].reverse()) {
      const wish = new Map(
        column.map((item) => {
          const joined = forward ? item.before : item.after;
          const places = joined.map((link) => rank.get(link.item)! + link.other * 1e-4);
          return [item, places.length > 0 ? mean(places) : rank.get(item)!];
        }),
      );
      column.sort((a, b) => wish.get(a)! - wish.get(b)!);
      number(column);
    }
  }
}

/** Sets heights: each item where its neighbours want it, pushed apart where they would overlap. */
function place(columns: Item[][], gap: number): void {
  for (const column of columns) {
    let y = 0;
    for (const item of column) {
      item.y = y;
      y += item.height + gap;
    }
  }
  for (let sweep = 0; sweep < 24; sweep++) {
    const forward = sweep % 2 === 0;
    for (const column of forward ? columns : [...columns].reverse()) {
      const wishes = column.map((item) => {
        const links = forward ? item.before : item.after;
        const joined = links.length > 0 ? links : forward ? item.after : item.before;
        return joined.length > 0 ? wishOf(joined) : item.y;
      });
      spread(column, wishes, gap);
    }
  }
  const top = Math.min(...columns.flat().map((item) => item.y), Number.POSITIVE_INFINITY);
  for (const item of columns.flat()) item.y = Math.round(item.y - top);
}

/**
 * Gives each item of a column its wish as nearly as the order and the gaps allow (least squares: neighbours that would
 * overlap move as one block to their mean wish).
 */
function spread(column: Item[], wishes: readonly number[], gap: number): void {
  const blocks: { items: Item[]; offsets: number[]; sum: number; height: number }[] = [];
  const top = (block: (typeof blocks)[number]) => block.sum / block.items.length;
  column.forEach((item, index) => {
    let block = { items: [item], offsets: [0], sum: wishes[index]!, height: item.height + gap };
    for (let last = blocks.at(-1); last && top(last) + last.height > top(block); last = blocks.at(-1)) {
      const shift = last.height;
      block = {
        items: [...last.items, ...block.items],
        offsets: [...last.offsets, ...block.offsets.map((offset) => offset + shift)],
        sum: last.sum + block.sum - shift * block.items.length,
        height: last.height + block.height,
      };
      blocks.pop();
    }
    blocks.push(block);
  });
  for (const block of blocks)
    block.items.forEach((item, index) => {
      item.y = top(block) + block.offsets[index]!;
    });
}

function leftsOf(columns: readonly Item[][], gap: number): number[] {
  let left = 0;
  return columns.map((column) => {
    const own = left;
    left += widthOf(column) + gap;
    return own;
  });
}

function widthOf(column: readonly Item[]): number {
  return Math.max(0, ...column.map((item) => item.width));
}

/** Where the links of an item want its top to be. */
function wishOf(links: readonly Link[]): number {
  const weight = links.reduce((sum, link) => sum + link.weight, 0);
  return links.reduce((sum, link) => sum + link.weight * (link.item.y + link.other - link.own), 0) / weight;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
