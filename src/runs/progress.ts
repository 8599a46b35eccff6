import { waitingShare } from "../channels/time.ts";
import { isOver, type NodeRunState, type RunStatus } from "./record.ts";
import { type NodeProgress, type RunState, secondsLeft } from "./state.ts";

/** How far a whole run is. */
export interface TotalProgress {
  /** 0 to 1. */
  share: number;
  /** The node at work, if any: of several the one with the most left to do. */
  node?: string;
  progress?: NodeProgress;
  /** Of the node at work. */
  secondsLeft?: number;
}

/** A node that does not count its steps weighs as much as this part of all counted steps. */
const uncounted = 0.03;

/** A run's progress over all its nodes, each weighed by the steps it counts. */
export function totalProgress(run: RunState, now: number): TotalProgress {
  const nodes = Object.entries(run.nodes);
  const counted = nodes.reduce((sum, [, node]) => sum + (node.total ?? 0), 0) || 1;
  let done = 0;
  let all = 0;
  for (const [, node] of nodes) {
    const weight = node.total ?? counted * uncounted;
    all += weight;
    done += weight * shareOf(node);
  }
  const share = run.status === "succeeded" ? 1 : all > 0 ? done / all : 0;
  const stepsLeft = (node: NodeProgress) => (node.total ?? 0) - (node.step ?? 0);
  const busy = nodes
    .filter(([, node]) => node.state === "running")
    .sort(([, a], [, b]) => stepsLeft(b) - stepsLeft(a) || a.since - b.since)[0];
  if (!busy) return { share };
  const left = secondsLeft(busy[1], now);
  return { share, node: busy[0], progress: busy[1], ...(left === undefined ? {} : { secondsLeft: left }) };
}

/** How much of a training's steps goes by while there is no batch to work on: `data 2% of step`. */
export function dataWait(run: RunState, node: NodeProgress | undefined): string | undefined {
  const share = node?.activity === "training" ? waitingShare(run.channels.time) : undefined;
  return share === undefined ? undefined : `data ${(100 * share).toFixed(0)}% of step`;
}

/** A node's state as it is to be shown: nothing is at work or waits in a run that ended. */
export function shownState(run: RunStatus, node: NodeProgress | undefined): NodeRunState {
  const state = node?.state ?? "idle";
  if (!isOver(run)) return state;
  return state === "running" ? "stopped" : state === "queued" ? "idle" : state;
}

/** How far a node is, 0 to 1. */
export function shareOf(node: NodeProgress): number {
  if (node.state === "succeeded") return 1;
  return node.step === undefined || !node.total ? 0 : Math.min(1, node.step / node.total);
}
