import { z } from "zod";
import { Series } from "../figures/series.ts";
import { defineChannel, number } from "./channel.ts";
import { joinSeries } from "./seriesTable.ts";

export interface TimeState {
  milliseconds: Series;
  waiting: Series;
}

/** How long each step takes, and how much of that the device waits for data. */
export const time = defineChannel({
  name: "time",
  title: "Time",
  summary: "How long every step takes, and how much of it is spent waiting for data.",
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
  rewind: ({ milliseconds, waiting }, step) => ({
    milliseconds: milliseconds.before(step + 1),
    waiting: waiting.before(step + 1),
  }),
  table: ({ milliseconds, waiting }) => joinSeries({ milliseconds, waiting_share: waiting }),
});

/** Steps over which a share is taken: one step's says little. */
const recent = 20;

/** Share of the last steps' time in which the device waited for data, 0 to 1; undefined where the log does not tell. */
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
