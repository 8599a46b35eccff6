import { z } from "zod";
import { linesPanel } from "../figures/lines.ts";
import { formatNumber, formatShare } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { smooth } from "../figures/smooth.ts";
import { defineChannel, number } from "./channel.ts";
import { joinSeries, rewindNamed, stepAxis } from "./namedSeries.ts";

export type TimeState = Readonly<Record<"milliseconds" | "waiting", Series>>;

/** How long each step takes, and how much of that the device waits for data. */
export const time = defineChannel({
  name: "time",
  title: "Time",
  summary: "How long every step takes, and how much of it is spent waiting for data.",
  order: 6,
  value: z.object({
    milliseconds: number,
    /** Share of the step in which the device waited for data, 0 to 1; logs of earlier versions have none. */
    waiting: number.exactOptional(),
  }),
  empty: { milliseconds: Series.empty, waiting: Series.empty } as TimeState,
  fold: ({ milliseconds, waiting }, value, { step = 0 }) => ({
    milliseconds: milliseconds.append(step, value.milliseconds),
    waiting: value.waiting === undefined ? waiting : waiting.append(step, value.waiting),
  }),
  rewind: rewindNamed,
  table: ({ milliseconds, waiting }) => joinSeries({ milliseconds, waiting_share: waiting }),
  view: z.object({ log: z.boolean().default(false).meta({ title: "log axis" }) }),
  figure: (state, { log }, frame) => {
    const { milliseconds, waiting } = state;
    if (milliseconds.length === 0) return undefined;
    const average = smooth(milliseconds, smoothing);
    const waited = waitingShare(state);
    const panel = linesPanel({
      title: "Step time",
      lines: [
        { name: "each step", points: milliseconds, color: { series: 1 }, width: 1, opacity: 0.32 },
        { name: "waiting for data", points: waitingTime(milliseconds, waiting), color: { series: 4 }, width: 1.5 },
        { name: "moving average", points: average, color: { series: 1 }, width: 2.25, derived: true },
      ],
      x: stepAxis(frame),
      y: { title: "time (ms per step)", log },
      readout: {
        value: formatNumber(average.last?.y),
        label: `ms per step${waited === undefined ? "" : `, ${formatShare(waited)} of it waiting for data`}`,
      },
    });
    return { rows: [[panel]], label: "time of each step" };
  },
});

/** How much of the past the moving average keeps. */
const smoothing = 0.95;

/** Milliseconds of each step in which the device waited for data. */
function waitingTime(milliseconds: Series, waiting: Series): Series {
  return waiting.map((share, at) => {
    const found = milliseconds.indexOf(waiting.x(at));
    return milliseconds.x(found) === waiting.x(at) ? share * milliseconds.y(found) : Number.NaN;
  });
}

/** Steps over which a share is taken: one step's says little. */
const recent = 20;

/** Share of the last steps' time in which the device waited for data, 0 to 1; undefined where the log does not report it. */
export function waitingShare({ milliseconds, waiting }: TimeState): number | undefined {
  let [waited, total] = [0, 0];
  for (let at = Math.max(0, milliseconds.length - recent); at < milliseconds.length; at++) {
    const found = waiting.indexOf(milliseconds.x(at));
    if (found >= waiting.length || waiting.x(found) !== milliseconds.x(at)) continue;
    waited += waiting.y(found) * milliseconds.y(at);
    total += milliseconds.y(at);
  }
  return total > 0 ? waited / total : undefined;
}
