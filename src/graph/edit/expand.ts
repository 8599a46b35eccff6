import { FlamingoError } from "../../core/errors.ts";
import { type GraphBlock, type GraphEdge, type GraphNode, graphInputs, graphOutputs, inputsOf } from "../graph.ts";
import { resolvedGraph } from "../graphBlock.ts";
import { withMembersReplaced } from "./annotations.ts";
import type { EditedGraph } from "./place.ts";

/**
 * Puts the inside of a block in the place of its node. The ids of its nodes begin with the id of the node that they replace, so that all
 * weights keep their names.
 * @returns the graph, and the ids of the nodes that were in the block
 * @throws FlamingoError INVALID_PIPELINE if the node starts from named weights or shares weights
 */
export function expand<G extends EditedGraph>(
  graph: G,
  id: string,
  inside: GraphBlock,
  innerId = (inner: string) => `${id}.${inner}`,
): { graph: G; ids: string[] } {
  const node = graph.nodes[id]!;
  requireExpandable(graph, id, node);
  const resolved = resolvedGraph(inside, node.config);
  const nodes = Object.entries(resolved.nodes).map(([inner, each]): [string, GraphNode] => {
    const frozen = node.frozen === true ? true : each.frozen || node.frozen;
    const pretrained = each.pretrained ?? node.pretrained;
    const { shares } = each;
    return [
      innerId(inner),
      {
        ...each,
        ...(frozen ? { frozen } : {}),
        ...(pretrained === undefined ? {} : { pretrained }),
        ...(shares === undefined ? {} : { shares: innerId(shares) }),
      },
    ];
  });
  const given = inputsOf(graph, id);
  const innerInputs = inputsOf(resolved, graphOutputs);
  const sourceOf = (from: GraphEdge["from"]): [string, string] | undefined => {
    if (from[0] !== graphInputs) return [innerId(from[0]), from[1]];
    const source = given[from[1]];
    return source && [source.node, source.port];
  };
  const edges = graph.edges.flatMap((edge): GraphEdge[] => {
    if (edge.to[0] === id) return [];
    if (edge.from[0] !== id) return [edge];
    const inner = innerInputs[edge.from[1]];
    const from = inner && sourceOf([inner.node, inner.port]);
    return from ? [{ from, to: edge.to }] : [];
  });
  const within = resolved.edges.flatMap((edge): GraphEdge[] => {
    const from = edge.to[0] === graphOutputs ? undefined : sourceOf(edge.from);
    return from ? [{ from, to: [innerId(edge.to[0]), edge.to[1]] }] : [];
  });
  const entries = Object.entries(graph.nodes).flatMap(([other, each]) => (other === id ? nodes : [[other, each]]));
  return {
    graph: {
      ...graph,
      nodes: Object.fromEntries(entries),
      edges: [...edges, ...within],
      view: withMembersReplaced(
        { ...graph.view, positions: positionsOf(graph, id, inside, innerId) },
        [id],
        nodes.map(([inner]) => inner),
      ),
    },
    ids: nodes.map(([inner]) => inner),
  };
}

function requireExpandable(graph: EditedGraph, id: string, { weights, shares }: GraphNode): void {
  const refuse = (message: string, fix: string) => new FlamingoError("INVALID_PIPELINE", message, { block: id, fix });
  if (weights !== undefined)
    throw refuse(
      `"${id}" starts from the weights "${weights}", which belong to the block as a whole`,
      "clear the field “Starts from”, or change its inside instead",
    );
  const sharing = Object.entries(graph.nodes).find(([, node]) => node.shares === id)?.[0];
  if (shares !== undefined || sharing !== undefined)
    throw refuse(`"${sharing ?? id}" shares the weights of "${shares ?? id}"`, "give each weights of its own first");
}

/** Where the nodes stand: those that were inside as they stood there, around the place of the block. */
function positionsOf(graph: EditedGraph, id: string, inside: GraphBlock, innerId: (inner: string) => string) {
  const { [id]: place, ...positions } = graph.view.positions;
  const inner = Object.entries(inside.view.positions).filter(([each]) => Object.hasOwn(inside.nodes, each));
  if (!place || inner.length === 0) return positions;
  const mean = (axis: 0 | 1) => inner.reduce((sum, [, at]) => sum + at[axis], 0) / inner.length;
  const [x, y] = [place[0] - mean(0), place[1] - mean(1)];
  const moved = inner.map(([each, at]): [string, [number, number]] => [
    innerId(each),
    [Math.round(at[0] + x), Math.round(at[1] + y)],
  ]);
  return { ...positions, ...Object.fromEntries(moved) };
}
