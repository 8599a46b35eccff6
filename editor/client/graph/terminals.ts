import type { EditedGraph } from "../../../src/graph/edit/place.ts";
import { type GraphEdge, graphInputs, graphOutputs } from "../../../src/graph/graph.ts";

/** A port of the block whose inside is drawn, as a node of the drawing. */
export interface Terminal {
  /** `inputs.media`: no node of a graph may have such an id. */
  id: string;
  kind: "input" | "output";
  port: string;
}

export const terminalSize = { width: 132, height: 44 } as const;

/** The ports of a block's inside; a pipeline has none. */
export function terminalsOf({ inputs = {}, outputs = {} }: Pick<EditedGraph, "inputs" | "outputs">): Terminal[] {
  return [
    ...Object.keys(inputs).map((port): Terminal => ({ id: `${graphInputs}.${port}`, kind: "input", port })),
    ...Object.keys(outputs).map((port): Terminal => ({ id: `${graphOutputs}.${port}`, kind: "output", port })),
  ];
}

/** The id that an end of an edge has in the drawing. */
export function drawnId([node, port]: GraphEdge["from"]): string {
  return node === graphInputs || node === graphOutputs ? `${node}.${port}` : node;
}

/** The node in the graph of a node of the drawing. */
export function graphId(drawn: string): string {
  const [first] = drawn.split(".", 1);
  return first === graphInputs || first === graphOutputs ? first : drawn;
}
