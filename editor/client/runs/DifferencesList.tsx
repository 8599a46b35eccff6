import type { FieldChange } from "../../../src/graph/edit/differences.ts";
import type { GraphEdge } from "../../../src/graph/graph.ts";
import type { ComparedGraph } from "../../../src/pipeline/comparePipelines.ts";
import "./differences.css";

/** What differs between two graphs, a line each. */
export function DifferencesList({ graph: { differences, fields, before, after } }: { graph: ComparedGraph }) {
  const { added, removed, changed, edges } = differences;
  const nameIn = (nodes: typeof before.nodes, id: string) => nodes[id]?.label ?? id;
  return (
    <ul className="compare-list" data-testid="compare-list">
      {removed.map((id) => (
        <li key={`- ${id}`} data-change="removed">
          <strong>{nameIn(before.nodes, id)}</strong> ({before.nodes[id]!.type}) is gone
        </li>
      ))}
      {added.map((id) => (
        <li key={`+ ${id}`} data-change="added">
          <strong>{nameIn(after.nodes, id)}</strong> ({after.nodes[id]!.type}) is new
        </li>
      ))}
      {changed.map((id) => (
        <li key={`~ ${id}`} data-change="changed">
          <strong>{nameIn(after.nodes, id)}</strong>
          {fields[id]!.map((change) => (
            <FieldLine key={change.field} change={change} />
          ))}
        </li>
      ))}
      {edges.removed.map((edge) => (
        <li key={`- ${wireText(edge)}`} data-change="removed">
          wire {wireText(edge)} is gone
        </li>
      ))}
      {edges.added.map((edge) => (
        <li key={`+ ${wireText(edge)}`} data-change="added">
          wire {wireText(edge)} is new
        </li>
      ))}
    </ul>
  );
}

function FieldLine({ change: { field, before, after } }: { change: FieldChange }) {
  return (
    <span className="compare-field">
      {field.replace(/^config\./, "").replaceAll(".config.", " › ")}: {valueText(before)} → {valueText(after)}
    </span>
  );
}

function wireText({ from, to }: GraphEdge): string {
  return `${from.join(".")} → ${to.join(".")}`;
}

function valueText(value: unknown): string {
  if (value === undefined) return "as by default";
  return typeof value === "string" ? value : JSON.stringify(value);
}
