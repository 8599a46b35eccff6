import { create } from "zustand";
import type { Problem } from "../../../src/graph/check.ts";
import { judgePorts, type LooseEnd } from "../graph/connection.ts";
import { useEditor } from "./editor.ts";

interface Wiring {
  /** The end of the wire that is being drawn; undefined while none is. */
  end: LooseEnd | undefined;
  /** What speaks against each port of the other direction, by `portKey`. */
  verdicts: Map<string, Problem | undefined>;
  /** Where a wire was dropped on nothing, in pixels of the page: blocks that fit can be added there. */
  dropped: { end: LooseEnd; x: number; y: number } | undefined;
}

const noVerdicts = new Map<string, Problem | undefined>();

export const useWiring = create<Wiring>(() => ({ end: undefined, verdicts: noVerdicts, dropped: undefined }));

export function startWire(end: LooseEnd): void {
  const { solvable, catalog } = useEditor.getState();
  useWiring.setState({ end, verdicts: judgePorts(solvable, catalog, end), dropped: undefined });
}

export function endWire(): void {
  useWiring.setState({ end: undefined, verdicts: noVerdicts });
}

export function dropWire(x: number, y: number): void {
  const { end } = useWiring.getState();
  if (end) useWiring.setState({ dropped: { end, x, y } });
}

export function forgetDrop(): void {
  useWiring.setState({ dropped: undefined });
}
