import { z } from "zod";
import { Series } from "../figures/series.ts";
import { defineChannel, number } from "./channel.ts";
import { joinSeries } from "./seriesTable.ts";

/** What the optimizer does in each step. */
export const optimizer = defineChannel({
  name: "optimizer",
  title: "Optimizer",
  summary: "The learning rate and the gradient norm of every step.",
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
  rewind: ({ rate, norm }, step) => ({ rate: rate.before(step + 1), norm: norm.before(step + 1) }),
  table: ({ rate, norm }) => joinSeries({ learning_rate: rate, gradient_norm: norm }),
});
