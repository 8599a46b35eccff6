import { useMemo } from "react";
import type { CatalogEntry } from "../../../src/core/catalog.ts";
import { printShape } from "../../../src/core/shape.ts";
import { shapeText } from "../../../src/figures/shapeText.ts";
import { connect, disconnect } from "../../../src/graph/edit/drawnGraph.ts";
import { judgePorts, portKey, wireBetween } from "../graph/connection.ts";
import { drawnId, graphId } from "../graph/terminals.ts";
import { commit, useEditor } from "../stores/editor.ts";

/** A node's ports: what they carry, their shapes, and for inputs where they are wired from. */
export function PortTable({ id, entry }: { id: string; entry: CatalogEntry }) {
  const inputs = Object.entries(entry.inputs);
  const outputs = Object.entries(entry.outputs);
  const shapes = useEditor((editor) => editor.solution);
  if (inputs.length + outputs.length === 0) return null;
  return (
    <section>
      <h3>Ports</h3>
      {inputs.map(([port, spec]) => (
        <div className="port-doc" key={port}>
          <p>
            <strong>{port}</strong>
            <span className="shape">{shapeText(shapes.inputs[id]?.[port])}</span>
          </p>
          <p className="muted">
            {spec.doc} · {printShape(spec.shape)} {spec.dtype}
            {spec.optional && " · optional"}
          </p>
          <WiredFrom id={id} port={port} />
        </div>
      ))}
      {outputs.map(([port, spec]) => (
        <div className="port-doc" key={port} data-direction="output">
          <p>
            <strong>{port}</strong>
            <span className="shape">{shapeText(shapes.outputs[id]?.[port])}</span>
          </p>
          <p className="muted">
            {spec.doc} · {printShape(spec.shape)} {spec.dtype}
          </p>
        </div>
      ))}
    </section>
  );
}

/** Wires an input without a mouse: every output that fits can be chosen, the others say why they do not. */
function WiredFrom({ id, port }: { id: string; port: string }) {
  const graph = useEditor((editor) => editor.graph);
  const solvable = useEditor((editor) => editor.solvable);
  const catalog = useEditor((editor) => editor.catalog);
  const { nodes, edges } = graph;
  const wired = edges.find((edge) => edge.to[0] === id && edge.to[1] === port);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where nodes stand does not change what fits
  const choices = useMemo(() => {
    const free = wired ? disconnect(solvable, [wired]) : solvable;
    return [...judgePorts(free, catalog, { node: id, port, direction: "input" })];
  }, [nodes, edges, catalog, id, port]);
  const change = (source: string) => {
    const free = wired ? disconnect(graph, [wired]) : graph;
    const [node, output] = source.split(" ");
    if (!node || !output) commit("Remove wire", free);
    else commit("Connect", connect(free, wireBetween({ node: id, port, direction: "input" }, graphId(node), output)));
  };
  return (
    <select
      className="wired-from"
      aria-label={`${port} is wired from`}
      value={wired ? portKey(drawnId(wired.from), wired.from[1]) : ""}
      onChange={(event) => change(event.target.value)}
    >
      <option value="">not wired</option>
      {choices.map(([source, problem]) => (
        <option key={source} value={source} disabled={problem !== undefined} title={problem?.message}>
          {source.replace(" ", " · ")}
          {problem && ` (${problem.code.toLowerCase().replaceAll("_", " ")})`}
        </option>
      ))}
    </select>
  );
}
