import { gateLabel } from "../channels/gates.ts";
import { isRight } from "../channels/samples.ts";
import { formatNumber } from "../figures/numbers.ts";
import type { Series } from "../figures/series.ts";
import type { RunState } from "./state.ts";

/** Something that changed in a run at a step. */
export interface Change {
  step: number;
  kind: ChangeKind;
  text: string;
}

export type ChangeKind = "gate" | "caption" | "spike" | "skipped";

/** A gate has opened at the first step at which |tanh(α)| is so large. */
const openGate = 0.05;
/** A loss is a spike if it is so many standard deviations above the mean of the losses before it. */
const deviations = 6;
/** How many losses before it count, and how many there must be. */
const [most, least] = [100, 20];

/** What changed in a run, step by step: gates that opened, captions that became right, spikes of the loss, steps that were skipped. */
export function changesOf({ channels: { gates, samples, loss, optimizer } }: Pick<RunState, "channels">): Change[] {
  const opened = gates.gates.flatMap((gate, at): Change[] => {
    const series = gates.series[at]!;
    const first = firstWhere(series, (value) => Math.abs(value) >= openGate);
    if (first < 0) return [];
    const text = `${gateLabel(gate)} opened: tanh(α) is ${formatNumber(series.y(first))}`;
    return [{ step: series.x(first), kind: "gate", text }];
  });
  const skipped = stepsWhere(optimizer.norm, (value) => !Number.isFinite(value)).map((at): Change => {
    const text = `the gradient norm is ${optimizer.norm.y(at)}: the step changes no weight`;
    return { step: optimizer.norm.x(at), kind: "skipped", text };
  });
  const all = [...opened, ...rightCaptions(samples), ...spikes(loss.total), ...skipped];
  return all.sort((a, b) => a.step - b.step);
}

/** The step at which each caption was right first. */
function rightCaptions(samples: RunState["channels"]["samples"]): Change[] {
  const images = [...new Set(samples.flatMap((each) => each.samples.map(({ image }) => image)))];
  return images.flatMap((image): Change[] => {
    const first = samples.find((each) => each.samples.some((sample) => sample.image === image && isRight(sample)));
    const label = first?.samples.find((sample) => sample.image === image)?.label;
    return first ? [{ step: first.step, kind: "caption", text: `“${label}” is captioned right` }] : [];
  });
}

/** Losses far above those before them. What is a spike is no part of what later losses are compared with. */
function spikes(loss: Series): Change[] {
  const found: Change[] = [];
  const { y } = loss.columns;
  const before: number[] = [];
  let [sum, squares] = [0, 0];
  for (let at = 0; at < loss.length; at++) {
    const value = y[at]!;
    const mean = sum / before.length;
    const deviation = Math.sqrt(Math.max(0, squares / before.length - mean * mean));
    const isSpike = before.length >= least && value > mean + deviations * deviation && value > mean;
    if (isSpike) {
      const text = `the loss is ${formatNumber(value)}, after ${formatNumber(mean)} on average`;
      found.push({ step: loss.x(at), kind: "spike", text });
    }
    if (isSpike || !Number.isFinite(value)) continue;
    before.push(value);
    sum += value;
    squares += value * value;
    if (before.length <= most) continue;
    const gone = before.shift()!;
    sum -= gone;
    squares -= gone * gone;
  }
  return found;
}

function firstWhere(series: Series, holds: (value: number) => boolean): number {
  return series.columns.y.findIndex(holds);
}

function stepsWhere(series: Series, holds: (value: number) => boolean): number[] {
  const found: number[] = [];
  series.columns.y.forEach((value, at) => {
    if (holds(value)) found.push(at);
  });
  return found;
}
