import { create } from "zustand";
import type { LogRecord } from "../../../src/channels/channel.ts";
import { emptyRun, foldRecords, type RunState } from "../../../src/runs/state.ts";
import { currentRoute, go } from "./route.ts";

interface ShownRun {
  /** Undefined while no run is shown. */
  id: string | undefined;
  state: RunState;
}

/** The run that the panels and the nodes show: the fold of its log. Apart from the canvas, whose nodes never hold it. */
export const useRun = create<ShownRun>(() => ({ id: undefined, state: emptyRun() }));

/** Shows another run, from its beginning. */
export function showRun(id: string | undefined): void {
  waiting = [];
  useRun.setState({ id, state: emptyRun() });
  const route = currentRoute();
  if (route.page === "pipeline" && route.pipeline === undefined)
    go({ page: "pipeline", ...(id === undefined ? {} : { run: id }) }, { replace: true });
}

/** The page takes records over at most so often, in milliseconds: it shares the machine with the training. */
const interval = 250;
let waiting: LogRecord[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Takes records over, if they are of the run that is shown: the first at once, those that follow soon after together. */
export function takeRecords(run: string, records: readonly LogRecord[]): void {
  if (run !== useRun.getState().id) return;
  waiting = waiting.concat(records);
  if (timer === undefined) fold();
}

function fold(): void {
  timer = undefined;
  if (waiting.length === 0) return;
  const { state } = useRun.getState();
  const records = waiting;
  waiting = [];
  timer = setTimeout(fold, interval);
  useRun.setState({ state: foldRecords(state, records) });
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

/** Where a pinned image of a run is read. */
export function pinnedImage(run: string, image: number): string {
  return runFile(run, `pinned-${image}.png`);
}
