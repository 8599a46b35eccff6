import { create } from "zustand";
import { diff, touched } from "../edit/delta.ts";
import { useEditor } from "./editor.ts";
import { useRun } from "./run.ts";

/** Nodes that were changed, or wired anew, since the shown run failed: what broke it there may be mended. */
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
    const changed = [...touched({ ...delta, positions: {} }), ...wires.map(({ to }) => to[0])];
    if (changed.length > 0) useMended.setState(({ nodes }) => ({ nodes: new Set([...nodes, ...changed]) }));
  });
}
