import { z } from "zod";
import { Series } from "../figures/series.ts";
import { defineChannel, number } from "./channel.ts";
import { joinSeries } from "./seriesTable.ts";

export interface LossState {
  total: Series;
  /** By dataset, where there are several. */
  datasets: Readonly<Record<string, Series>>;
}

/** The loss of each step, before the step is made. */
export const loss = defineChannel({
  name: "loss",
  title: "Loss",
  summary: "The training loss of every step, and its moving average.",
  value: z.object({
    /** Nats per token. */
    total: number,
    /** By dataset, unweighted, where there are several. */
    datasets: z.record(z.string(), number).exactOptional(),
  }),
  empty: { total: Series.empty, datasets: {} } as LossState,
  fold: ({ total, datasets }, value, { step = 0 }) => ({
    total: total.append(step, value.total),
    datasets: value.datasets ? appended(datasets, value.datasets, step) : datasets,
  }),
  rewind: ({ total, datasets }, step) => ({
    total: total.before(step + 1),
    datasets: Object.fromEntries(Object.entries(datasets).map(([name, series]) => [name, series.before(step + 1)])),
  }),
  status: ({ total }) => {
    const mean = recentMean(total);
    return mean === undefined ? undefined : `loss ${mean.toFixed(3)}`;
  },
  table: ({ total, datasets }) => joinSeries({ loss: total, ...datasets }),
});

function appended(series: LossState["datasets"], values: Record<string, number>, step: number): LossState["datasets"] {
  const added = Object.entries(values).map(([name, value]) => [
    name,
    (series[name] ?? Series.empty).append(step, value),
  ]);
  return { ...series, ...Object.fromEntries(added) };
}

/** Steps over which a mean is taken for a line of progress: one step's loss says little. */
const recent = 20;

function recentMean(series: Series): number | undefined {
  const values = Array.from({ length: Math.min(recent, series.length) }, (_, at) => series.y(series.length - 1 - at));
  const finite = values.filter(Number.isFinite);
  return finite.length > 0 ? finite.reduce((sum, value) => sum + value, 0) / finite.length : undefined;
}
