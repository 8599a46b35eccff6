import { create } from "zustand";
import type { LogRecord } from "../../../src/channels/channel.ts";
import { emptyRun, foldRecords, type RunState } from "../../../src/runs/state.ts";
import { currentRoute, go } from "./route.ts";
import { useSettings } from "./settings.ts";

interface ShownRun {
  /** Undefined while no run is shown. */
  id: string | undefined;
  state: RunState;
}

/** The run that the panels and the nodes show: the fold of its log. Apart from the canvas, whose nodes never hold it. */
export const useRun = create<ShownRun>(() => ({ id: undefined, state: emptyRun() }));

/** Whether the panels are open: as a person left them, else once there is a run to show. */
export function isDockOpen(): boolean {
  return useSettings.getState().dock ?? useRun.getState().id !== undefined;
}

/** Shows another run, from its beginning. */
export function showRun(id: string | undefined): void {
  useRun.setState({ id, state: emptyRun() });
  const route = currentRoute();
  if (route.page === "pipeline" && route.pipeline === undefined)
    go({ page: "pipeline", ...(id === undefined ? {} : { run: id }) }, { replace: true });
}

/** Takes records over, if they are of the run that is shown. They come gathered, at most ten times a second. */
export function takeRecords(run: string, records: readonly LogRecord[]): void {
  const { id, state } = useRun.getState();
  if (run === id) useRun.setState({ state: foldRecords(state, records) });
}

/** The run that the page's address names. */
export function runInAddress(): string | undefined {
  const route = currentRoute();
  return route.page === "pipeline" ? route.run : undefined;
}

/** Where a file of a run is read. */
export function runFile(run: string, file: string): string {
  return `/api/runs/${run}/files/${file}`;
}

/** Where a pinned image of a run is read, or a frame of a pinned video. */
export function pinnedImage(run: string, image: number, frame = 0): string {
  return runFile(run, frame === 0 ? `pinned-${image}.png` : `pinned-${image}-${frame}.png`);
}
