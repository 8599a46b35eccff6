import { create } from "zustand";
import { usersOf } from "../../../src/graph/graphBlock.ts";
import { diff, touched } from "../edit/delta.ts";
import { useEditor } from "./editor.ts";
import { useRun } from "./run.ts";

/** Nodes that were changed or connected anew since the shown run failed, themselves or in an own block inside: the cause may be mended. */
export const useMended = create<{ nodes: ReadonlySet<string> }>(() => ({ nodes: new Set() }));

/** Follows the run and the pipeline for good. */
export function watchMending(): void {
  useRun.subscribe((now, before) => {
    if (now.id !== before.id || now.state.status !== before.state.status) useMended.setState({ nodes: new Set() });
  });
  useEditor.subscribe((now, before) => {
    if (now.pipeline === before.pipeline || useRun.getState().state.status !== "failed") return;
    const delta = diff(before.pipeline, now.pipeline);
    const [old = [], fresh = []] = delta.edges ?? [];
    const wires = [...old, ...fresh].filter((wire) => !old.includes(wire) || !fresh.includes(wire));
    const changed = [
      ...touched({ ...delta, positions: {} }),
      ...wires.map(({ to }) => to[0]),
      ...usersOf(now.pipeline, Object.keys(delta.blocks)),
    ];
    if (changed.length > 0) useMended.setState(({ nodes }) => ({ nodes: new Set([...nodes, ...changed]) }));
  });
}
