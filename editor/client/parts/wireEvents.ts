import type { Connection, FinalConnectionState, OnConnectStartParams } from "@xyflow/react";
import { FlamingoError } from "../../../src/core/errors.ts";
import type { Problem } from "../../../src/graph/check.ts";
import { connectFitting } from "../../../src/graph/edit/connectFitting.ts";
import { connect } from "../../../src/graph/edit/drawnGraph.ts";
import { portKey } from "../graph/connection.ts";
import { graphId } from "../graph/terminals.ts";
import { commit, useEditor } from "../stores/editor.ts";
import { tellError } from "../stores/notices.ts";
import { dropWire, endWire, useWiring } from "../stores/wiring.ts";

/** Where a wire that is being drawn begins. */
export function looseEnd({ nodeId, handleId, handleType }: OnConnectStartParams) {
  return {
    node: graphId(nodeId ?? ""),
    port: handleId ?? "",
    direction: handleType === "source" ? "output" : "input",
  } as const;
}

function edgeOf(wire: Connection) {
  return {
    from: [graphId(wire.source), wire.sourceHandle ?? ""] as [string, string],
    to: [graphId(wire.target), wire.targetHandle ?? ""] as [string, string],
  };
}

/** Asked while a wire is drawn: every port was judged when it began. */
export function isAllowed(wire: Connection): boolean {
  const { end, verdicts } = useWiring.getState();
  if (!end) return false;
  const other =
    end.direction === "output"
      ? portKey(wire.target, wire.targetHandle ?? "")
      : portKey(wire.source, wire.sourceHandle ?? "");
  return verdicts.has(other) && verdicts.get(other) === undefined;
}

function refusal({ code, message, fix }: Problem): FlamingoError {
  return new FlamingoError(code, message, fix ? { fix } : {});
}

/** A wire that fits becomes a change of the pipeline. */
export function takeWire(wire: Connection): void {
  const { graph, catalog } = useEditor.getState();
  const edge = edgeOf(wire);
  commit("Connect", connectFitting(graph, catalog, edge) ?? connect(graph, edge));
}

/** A wire that was let go: on a port that refuses it the reason is shown, on nothing the blocks that fit are offered. */
export function finishWire(event: MouseEvent | TouchEvent, { toHandle, toNode }: FinalConnectionState): void {
  const point = "changedTouches" in event ? event.changedTouches[0]! : event;
  const refused = toHandle && useWiring.getState().verdicts.get(portKey(toHandle.nodeId, toHandle.id ?? ""));
  if (refused) tellError(refusal(refused));
  else if (!toHandle && !toNode) dropWire(point.clientX, point.clientY);
  endWire();
}
