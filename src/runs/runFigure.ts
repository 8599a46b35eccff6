import type { AttentionFrame } from "../channels/attention.ts";
import { attentionMaps } from "../channels/attentionMaps.ts";
import { channels } from "../channels/channels.ts";
import { printSeconds } from "../core/duration.ts";
import type { Color } from "../figures/colors.ts";
import type { Figure, Panel, StatusPanel } from "../figures/figure.ts";
import { formatCount, formatWeights } from "../figures/numbers.ts";
import { channelFigure } from "./channelFigure.ts";
import { dataWait, totalProgress } from "./progress.ts";
import { isOver, type RunStatus } from "./record.ts";
import type { RunState } from "./state.ts";

/** A run in one figure: how far it is, the channels of its overview, and what its tokens attend to. */
export function runFigure(state: RunState, name: string, frame?: AttentionFrame, now = Date.now()): Figure {
  const overview = channels.filter((channel) => "overview" in channel);
  const plots = overview.flatMap((channel) => channelFigure(state, channel.name)?.rows.flat() ?? []);
  const rows: Panel[][] = [[statusPanel(state, name, now)]];
  if (state.step > 0) rows.push(plots);
  if (frame) rows.push([attentionMaps(frame)]);
  return { rows, label: `${name}: ${state.status}`, revision: name };
}

const tones: Record<RunStatus, Color> = {
  queued: "muted",
  running: "accent",
  paused: "muted",
  stopping: "muted",
  succeeded: "good",
  stopped: "muted",
  failed: "bad",
};

/** A run's name, how far it is, and how long it will take yet. */
export function statusPanel(state: RunState, name: string, now: number): StatusPanel {
  const { share } = totalProgress(state, now);
  const failed = state.status === "failed";
  return { kind: "status", name, color: tones[state.status], share, failed, lines: linesOf(state, now) };
}

/** Work that lasts shorter is shown without its time. */
const shortest = 10;

function linesOf(state: RunState, now: number): string[] {
  const { status, error, device, started, updated, trainable, weights, step, steps } = state;
  const about = [
    ...(device ? [`on ${device.name}`] : []),
    ...(weights > 0 ? [`${formatWeights(trainable)} of ${formatWeights(weights)} parameters are trainable`] : []),
  ];
  if (status === "failed") return [["failed", ...about].join(" · "), error ? `${error.code}: ${error.message}` : ""];
  if (status !== "running") {
    const known = started !== undefined && updated !== undefined;
    const took = known && isOver(status) ? ` after ${printSeconds((updated - started) / 1000)}` : "";
    const where = status === "stopped" && step > 0 ? ` at step ${formatCount(step)} of ${formatCount(steps)}` : "";
    return [[`${status}${where}${took}`, ...about].join(" · ")];
  }
  const { progress, secondsLeft } = totalProgress(state, now);
  const doing = [progress?.activity ?? "starting"];
  if (progress?.step !== undefined) {
    const total = progress.total === undefined ? "" : ` of ${formatCount(progress.total)}`;
    doing.push(`${formatCount(progress.step)}${total}`);
  }
  const spent = started === undefined ? 0 : (now - started) / 1000;
  const isLong = secondsLeft !== undefined && spent + secondsLeft >= shortest;
  const wait = dataWait(state, progress);
  const left = isLong ? [`${printSeconds(secondsLeft)} left`] : [];
  return [[doing.join(" "), ...left, ...about, ...(wait === undefined ? [] : [wait])].join(" · ")];
}
