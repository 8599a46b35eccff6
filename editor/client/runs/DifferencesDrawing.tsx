import type { Graph, GraphEdge } from "../../../src/graph/graph.ts";
import type { ComparedGraph } from "../../../src/pipeline/comparePipelines.ts";
import { placeAll } from "../graph/nodePorts.ts";
import { useEditor } from "../stores/editor.ts";

const size = { width: 168, height: 46, gap: 12 } as const;

type Change = "added" | "removed" | "changed" | "same";

/** Both graphs in one drawing: what is new, gone or changed has its colour and its stroke. */
export function DifferencesDrawing({ graph }: { graph: ComparedGraph }) {
  const catalog = useEditor((editor) => editor.catalog);
  const { before, after, differences } = graph;
  const old = placeAll(before, catalog).view.positions;
  const fresh = placeAll(after, catalog).view.positions;
  const ids = [...new Set([...Object.keys(after.nodes), ...Object.keys(before.nodes)])];
  const places = new Map<string, [number, number]>(ids.map((id) => [id, fresh[id] ?? old[id] ?? [0, 0]]));
  const inner = (edge: GraphEdge) => places.has(edge.from[0]) && places.has(edge.to[0]);
  const [xs, ys] = [0, 1].map((axis) => [...places.values()].map((place) => place[axis]!)) as [number[], number[]];
  const [left, top] = [Math.min(...xs) - size.gap, Math.min(...ys) - size.gap];
  const width = Math.max(...xs) + size.width + size.gap - left;
  const height = Math.max(...ys) + size.height + size.gap - top;
  const changeOf = (id: string): Change => {
    if (differences.added.includes(id)) return "added";
    if (differences.removed.includes(id)) return "removed";
    return differences.changed.includes(id) ? "changed" : "same";
  };
  const isNew = new Set(differences.edges.added);
  const wires: [GraphEdge, Change][] = [
    ...after.edges.map((edge): [GraphEdge, Change] => [edge, isNew.has(edge) ? "added" : "same"]),
    ...differences.edges.removed.map((edge): [GraphEdge, Change] => [edge, "removed"]),
  ];
  const nodeOf = (id: string): Graph["nodes"][string] => after.nodes[id] ?? before.nodes[id]!;
  const counts = [
    `${differences.added.length} nodes added`,
    `${differences.removed.length} removed`,
    `${differences.changed.length} changed`,
  ].join(", ");
  return (
    <div className="compare-drawing">
      <svg
        viewBox={`${left} ${top} ${width} ${height}`}
        style={{ maxWidth: `${width}px` }}
        role="img"
        aria-label={counts}
        data-testid="compare-drawing"
      >
        {wires
          .filter(([edge]) => inner(edge))
          .map(([{ from, to }, change]) => {
            const [x1, y1] = places.get(from[0])!;
            const [x2, y2] = places.get(to[0])!;
            const [ax, ay, bx, by] = [x1 + size.width, y1 + size.height / 2, x2, y2 + size.height / 2];
            const bend = Math.max(30, Math.abs(bx - ax) / 2);
            return (
              <path
                key={`${change} ${[...from, ...to].join(" ")}`}
                className="compare-wire"
                data-change={change}
                d={`M${ax} ${ay}C${ax + bend} ${ay} ${bx - bend} ${by} ${bx} ${by}`}
              />
            );
          })}
        {ids.map((id) => {
          const [x, y] = places.get(id)!;
          const { type, label } = nodeOf(id);
          return (
            <g key={id} className="compare-node" data-change={changeOf(id)} transform={`translate(${x} ${y})`}>
              <title>{`${id}: ${type}`}</title>
              <rect width={size.width} height={size.height} rx="8" />
              <text x="10" y="19">
                {short(label ?? catalog[type]?.title ?? type)}
              </text>
              <text x="10" y="36" className="compare-id">
                {short(id)}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function short(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}
