import { z } from "zod";
import { linesPanel } from "../figures/lines.ts";
import { formatNumber } from "../figures/numbers.ts";
import { Series } from "../figures/series.ts";
import { smooth } from "../figures/smooth.ts";
import { defineChannel, number } from "./channel.ts";
import { joinSeries, rewindNamed, stepAxis } from "./namedSeries.ts";

/** How much of the past the moving average of the gradient norm keeps. */
const smoothing = 0.95;

/** What the optimizer does in each step. */
export const optimizer = defineChannel({
  name: "optimizer",
  title: "Optimizer",
  summary: "The learning rate and the gradient norm of every step.",
  order: 5,
  value: z.object({
    /** Learning rate of the parameter groups whose factor is 1. */
    rate: number,
    /** L2 norm of all gradients together, before clipping. Not finite where the step was skipped. */
    norm: number,
  }),
  empty: { rate: Series.empty, norm: Series.empty },
  fold: ({ rate, norm }, value, { step = 0 }) => ({
    rate: rate.append(step, value.rate),
    norm: norm.append(step, value.norm),
  }),
  rewind: rewindNamed,
  table: ({ rate, norm }) => joinSeries({ learning_rate: rate, gradient_norm: norm }),
  view: z.object({
    log: z.boolean().default(false).meta({ title: "log axis", description: "Logarithmic axis of the gradient norm" }),
  }),
  figure: ({ rate, norm }, { log }, frame) => {
    if (rate.length === 0) return undefined;
    const x = stepAxis(frame);
    const average = smooth(norm, smoothing);
    const rates = linesPanel({
      title: "Learning rate",
      lines: [{ name: "learning rate", points: rate, color: { series: 3 } }],
      x,
      y: { title: "learning rate" },
      readout: { value: formatNumber(rate.last?.y), label: "now" },
      legend: [],
    });
    const norms = linesPanel({
      title: "Gradient norm",
      lines: [
        { name: "each step", points: norm, color: { series: 4 }, width: 1, opacity: 0.5 },
        { name: "moving average", points: average, color: { series: 4 }, width: 2.25, derived: true },
      ],
      x,
      y: { title: "gradient norm before clipping", log },
      readout: { value: formatNumber(average.last?.y), label: "moving average" },
    });
    return { rows: [[rates, norms]], label: "learning rate and gradient norm over steps" };
  },
});
