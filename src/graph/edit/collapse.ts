import type { Catalog } from "../../core/catalog.ts";
import { FlamingoError } from "../../core/errors.ts";
import type { Port } from "../../core/port.ts";
import { isEllipsis, type SolvedShape } from "../../core/shape.ts";
import { type GraphBlock, type GraphEdge, type GraphNode, graphInputs, graphOutputs } from "../graph.ts";
import { resolvedGraph } from "../graphBlock.ts";
import { ancestors, topologicalOrder } from "../order.ts";
import { solveShapes } from "../solve.ts";
import { withMembersReplaced } from "./annotations.ts";
import type { EditedGraph } from "./place.ts";

/** What a new block is called. */
export interface BlockNames {
  name: string;
  title?: string;
  summary?: string;
}

type End = readonly [node: string, port: string];

/**
 * Makes one block of some nodes. Its ports are where edges led out of them, and inputs and outputs that led nowhere. If the ids of the
 * nodes begin with the same parts, that is the id of the new node, and all weights keep their names.
 * @returns the graph with one node of the new block, its id, and the block
 * @throws FlamingoError INVALID_PIPELINE if the nodes cannot be in a block; CYCLE if an edge leads out of them and back
 */
export function collapse<G extends EditedGraph>(
  graph: G,
  chosen: readonly string[],
  { name, title, summary }: BlockNames,
  catalog: Catalog,
): { graph: G; id: string; block: GraphBlock } {
  const within = new Set(chosen.filter((id) => Object.hasOwn(graph.nodes, id)));
  requireCollapsible(graph, within, catalog);
  const [prefix, innerId] = idsOf(graph, within, name);
  const portsAt = (id: string, direction: "inputs" | "outputs"): Record<string, Port> =>
    catalog[graph.nodes[id]!.type]?.[direction] ?? {};
  const [inner, intoThem, outOfThem, outside] = parted(graph.edges, within);

  // One input for each output outside that leads in, and one for each input that is needed and not wired.
  const inputs = new Map<string, { source: End | undefined; targets: End[] }>();
  for (const { from, to } of intoThem) {
    const key = from.join(" ");
    const known = inputs.get(key) ?? { source: from, targets: [] };
    inputs.set(key, { ...known, targets: [...known.targets, to] });
  }
  const wired = new Set(graph.edges.map(({ to }) => to.join(" ")));
  for (const id of within)
    for (const [port, { optional }] of Object.entries(portsAt(id, "inputs")))
      if (!optional && !wired.has(`${id} ${port}`))
        inputs.set(` ${id} ${port}`, { source: undefined, targets: [[id, port]] });
  const outputs = new Map<string, { source: End; targets: End[] }>();
  for (const { from, to } of outOfThem) {
    const key = from.join(" ");
    outputs.set(key, { source: from, targets: [...(outputs.get(key)?.targets ?? []), to] });
  }
  const used = new Set(graph.edges.map(({ from }) => from.join(" ")));
  for (const id of within)
    for (const port of Object.keys(portsAt(id, "outputs")))
      if (!used.has(`${id} ${port}`)) outputs.set(`${id} ${port}`, { source: [id, port], targets: [] });

  const innerEnd = ([id, port]: End): [string, string] => [innerId(id), port];
  const [inputName, outputName] = [namer(), namer()];
  const ins = [...inputs.values()].map((each) => ({ ...each, port: inputName(each.targets[0]!) }));
  const outs = [...outputs.values()].map((each) => ({ ...each, port: outputName(each.source) }));
  const id = prefix;
  const nodes = [...within].map((old) => {
    const { shares, ...node } = graph.nodes[old]!;
    return [innerId(old), { ...node, ...(shares === undefined ? {} : { shares: innerId(shares) }) }];
  });
  const draft: GraphBlock = {
    ...(title ? { title } : {}),
    ...(summary ? { summary } : {}),
    config: { ...graph.config },
    inputs: {},
    outputs: {},
    nodes: Object.fromEntries(nodes),
    edges: [
      ...ins.flatMap(({ port, targets }) =>
        targets.map((to): GraphEdge => ({ from: [graphInputs, port], to: innerEnd(to) })),
      ),
      ...inner.map(({ from, to }) => ({ from: innerEnd(from), to: innerEnd(to) })),
      ...outs.map(({ port, source }): GraphEdge => ({ from: innerEnd(source), to: [graphOutputs, port] })),
    ],
    view: { positions: pick(graph.view.positions, within, innerId) },
  };
  const specOf = ([node, port]: End, direction: "inputs" | "outputs") => portsAt(node, direction)[port]!;
  const block = withPorts(
    draft,
    ins.map(({ port, targets }) => ({
      port,
      node: innerId(targets[0]![0]),
      specs: targets.map((end) => specOf(end, "inputs")),
    })),
    outs.map(({ port, source }) => ({ port, spec: specOf(source, "outputs"), source: innerEnd(source) })),
    catalog,
  );

  const positions = Object.entries(graph.view.positions).filter(([node]) => within.has(node));
  const middle = (axis: 0 | 1) =>
    Math.round(positions.reduce((sum, [, place]) => sum + place[axis], 0) / positions.length);
  const last = [...within].at(-1)!;
  const config = Object.fromEntries(Object.keys(graph.config ?? {}).map((field) => [field, `$${field}`]));
  const entries = Object.entries(graph.nodes).flatMap(([old, node]): [string, GraphNode][] =>
    old === last ? [[id, { type: name, config }]] : within.has(old) ? [] : [[old, node]],
  );
  return {
    graph: {
      ...graph,
      nodes: Object.fromEntries(entries),
      edges: [
        ...outside,
        ...ins.flatMap(({ port, source }) => (source ? [{ from: source, to: [id, port] }] : [])),
        ...outs.flatMap(({ port, targets }) => targets.map((to) => ({ from: [id, port], to }))),
      ],
      view: withMembersReplaced(
        {
          ...graph.view,
          positions: {
            ...Object.fromEntries(Object.entries(graph.view.positions).filter(([node]) => !within.has(node))),
            ...(positions.length > 0 ? { [id]: [middle(0), middle(1)] } : {}),
          },
        },
        [...within],
        [id],
      ),
    },
    id,
    block,
  };
}

function requireCollapsible(graph: EditedGraph, within: ReadonlySet<string>, catalog: Catalog): void {
  const refuse = (message: string, fix: string, block?: string) =>
    new FlamingoError("INVALID_PIPELINE", message, { fix, ...(block ? { block } : {}) });
  if (within.size === 0) throw refuse("no nodes are selected", "select the nodes that are to be one block");
  for (const id of within) {
    const { type } = graph.nodes[id]!;
    const kind = catalog[type]?.kind;
    if (kind === undefined)
      throw refuse(`"${id}" is of an unknown type, so it cannot be in a block`, "leave it out", id);
    if (kind === "source" || kind === "action") {
      const what = kind === "source" ? "a source of data" : "something that runs";
      throw refuse(`"${id}" is ${what}, which a block cannot hold`, "leave it out of the selection", id);
    }
  }
  for (const [id, { shares }] of Object.entries(graph.nodes))
    if (shares !== undefined && within.has(id) !== within.has(shares))
      throw refuse(`"${id}" shares the weights of "${shares}"`, "select both, or none of them", id);
  const outside = graph.edges.filter(({ from }) => !within.has(from[0]));
  const around = { ...graph, edges: outside };
  for (const { from, to } of graph.edges) {
    if (!within.has(from[0]) || within.has(to[0])) continue;
    const back = graph.edges.find(
      (edge) =>
        within.has(edge.to[0]) && !within.has(edge.from[0]) && ancestors(around.edges, [edge.from[0]]).has(to[0]),
    );
    if (!back) continue;
    const message = `"${to[0]}" gets a value from the selection and gives one back to it`;
    throw new FlamingoError("CYCLE", message, { block: to[0], fix: `select "${to[0]}" too` });
  }
  const { cycle } = topologicalOrder(graph);
  if (cycle?.some((id) => within.has(id)))
    throw refuse(`the edges form a cycle: ${cycle.join(" → ")}`, "mend it first");
}

/** The id of the new node, and the ids of the nodes in it. */
function idsOf(graph: EditedGraph, within: ReadonlySet<string>, name: string): [string, (id: string) => string] {
  const lists = [...within].map((id) => id.split("."));
  const common: string[] = [];
  while (lists.every((parts) => parts.length > common.length + 1 && parts[common.length] === lists[0]![common.length]))
    common.push(lists[0]![common.length]!);
  const prefix = common.join(".");
  const others = Object.keys(graph.nodes).filter((id) => !within.has(id));
  const clashes = (id: string) =>
    others.some((other) => other === id || other.startsWith(`${id}.`) || id.startsWith(`${other}.`));
  if (prefix && !clashes(prefix)) return [prefix, (id) => id.slice(prefix.length + 1)];
  const base = name[0]!.toLowerCase() + name.slice(1);
  let id = base;
  for (let count = 2; clashes(id); count++) id = `${base}${count}`;
  return [id, (inner) => inner];
}

/** Edges among some nodes, into them, out of them, and elsewhere. */
function parted(
  edges: readonly GraphEdge[],
  within: ReadonlySet<string>,
): [GraphEdge[], GraphEdge[], GraphEdge[], GraphEdge[]] {
  const parts: [GraphEdge[], GraphEdge[], GraphEdge[], GraphEdge[]] = [[], [], [], []];
  for (const edge of edges) {
    const [from, to] = [within.has(edge.from[0]), within.has(edge.to[0])];
    parts[from && to ? 0 : to ? 1 : from ? 2 : 3].push(edge);
  }
  return parts;
}

function pick<T>(record: Readonly<Record<string, T>>, ids: ReadonlySet<string>, rename: (id: string) => string) {
  const kept = Object.entries(record).filter(([id]) => ids.has(id));
  return Object.fromEntries(kept.map(([id, value]) => [rename(id), value]));
}

/** Names of ports: the port's own, and one more for each that has it already. */
function namer(): (end: End) => string {
  const taken = new Set<string>();
  return ([, port]) => {
    let name = port;
    for (let count = 2; taken.has(name); count++) name = `${port}${count}`;
    taken.add(name);
    return name;
  };
}

interface NewOutput {
  port: string;
  spec: Port;
  source: End;
}

/**
 * The block with its ports. A dimension is a number where the nodes inside say so; sizes that the nodes inside make equal have one
 * name, that of the port where it is met first.
 */
function withPorts(
  draft: GraphBlock,
  ins: readonly { port: string; node: string; specs: readonly Port[] }[],
  outs: readonly NewOutput[],
  catalog: Catalog,
): GraphBlock {
  // Each dimension gets a name of its own; solving tells which of them are the same.
  let count = 0;
  const own = new Map<string, string>();
  const dimOf = (dim: string | number) => {
    if (typeof dim === "number") return `${dim}`;
    const name = `own${count++}`;
    const plain = dim.replace(/^\.\.\./, "");
    own.set(name, /^[A-Za-z_]\w*$/.test(plain) ? plain : "size");
    return isEllipsis(dim) ? `...${name}` : name;
  };
  const portOf = ({ dtype, doc }: Port, shape: string, optional: boolean) => ({ shape, dtype, doc, optional });
  const open: GraphBlock = {
    ...draft,
    inputs: Object.fromEntries(
      ins.map(({ port, specs }) => {
        const shape = longest(specs).shape.map(dimOf).join(" ");
        return [
          port,
          portOf(
            specs[0]!,
            shape,
            specs.every(({ optional }) => optional),
          ),
        ];
      }),
    ),
  };
  const solution = solveShapes(resolvedGraph(open), catalog);
  const names = new Map<string, string>();
  const taken = new Set<string>(Object.keys(draft.config));
  const parts = connectedParts(draft);
  const nameOf = (node: string, spoken: string) => {
    // Other names come from within: they mean the same among nodes that are connected.
    const key = own.has(spoken) ? spoken : `${parts.get(node)} ${spoken}`;
    const known = names.get(key);
    if (known) return known;
    const base = own.get(spoken) ?? spoken;
    let name = base;
    for (let more = 2; taken.has(name); more++) name = `${base}${more}`;
    taken.add(name);
    names.set(key, name);
    return name;
  };
  const textOf = (node: string, shape: SolvedShape = []) =>
    shape
      .map((dim) =>
        typeof dim === "number" ? dim : dim.replace(/[A-Za-z_][A-Za-z0-9_]*/g, (name) => nameOf(node, name)),
      )
      .join(" ");
  const inputs = Object.fromEntries(
    ins.map(({ port, node }) => [
      port,
      { ...open.inputs[port]!, shape: textOf(node, solution.outputs[graphInputs]![port]) },
    ]),
  );
  const outputs = Object.fromEntries(
    outs.map(({ port, spec, source: [node, from] }) => [
      port,
      portOf(spec, textOf(node, solution.outputs[node]?.[from]), false),
    ]),
  );
  return { ...open, inputs, outputs };
}

/** A number for each node, the same for those that edges connect. */
function connectedParts({ nodes, edges }: GraphBlock): Map<string, number> {
  const parts = new Map(Object.keys(nodes).map((id, at) => [id, at]));
  for (const { from, to } of edges) {
    const [one, other] = [parts.get(from[0]), parts.get(to[0])];
    if (one === undefined || other === undefined || one === other) continue;
    for (const [id, part] of parts) if (part === other) parts.set(id, one);
  }
  return parts;
}

/** The port that says most of a shape. */
function longest(specs: readonly Port[]): Port {
  return specs.reduce((best, spec) => (spec.shape.length > best.shape.length ? spec : best));
}
