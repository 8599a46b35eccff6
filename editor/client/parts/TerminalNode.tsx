import { Handle, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { shapeText } from "../../../src/figures/shapeText.ts";
import { graphInputs, graphOutputs } from "../../../src/graph/graph.ts";
import { portKey } from "../graph/connection.ts";
import type { TerminalFlowNode } from "../graph/flowNodes.ts";
import { terminalSize } from "../graph/terminals.ts";
import { useEditor } from "../stores/editor.ts";
import { useWiring } from "../stores/wiring.ts";

/** A port of the block whose inside is shown. */
export const TerminalNode = memo(function TerminalNode({ id, data }: NodeProps<TerminalFlowNode>) {
  const { port, kind } = data.terminal;
  const isInput = kind === "input";
  const shape = useEditor(({ solution }) =>
    isInput ? solution.outputs[graphInputs]?.[port] : solution.inputs[graphOutputs]?.[port],
  );
  const doc = useEditor(({ graph }) => (isInput ? graph.inputs : graph.outputs)?.[port]?.doc);
  const problem = useEditor(({ shownProblems }) =>
    shownProblems.find((found) => !isInput && found.node === graphOutputs && found.port === port),
  );
  const wiring = useWiring(({ end, verdicts }) => {
    const key = portKey(id, port);
    if (!end || !verdicts.has(key)) return undefined;
    return verdicts.get(key) ? "refused" : "fits";
  });
  const text = shapeText(shape);
  return (
    <div
      className="terminal port"
      data-kind={kind}
      data-wiring={wiring}
      data-wrong={problem !== undefined}
      style={terminalSize}
      title={problem?.message ?? doc}
    >
      <Handle
        id={port}
        type={isInput ? "source" : "target"}
        position={isInput ? Position.Right : Position.Left}
        role="img"
        aria-label={`${kind} ${port} ${text}`}
      />
      <strong className="port-name">{port}</strong>
      <span className="muted">{kind}</span>
    </div>
  );
});
