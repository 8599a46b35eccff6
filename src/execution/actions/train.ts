import { z } from "zod";
import { count } from "../../core/block.ts";
import { float32 } from "../../core/port.ts";
import { flamingoParts } from "../../training/parts.ts";
import { defineAction } from "../action.ts";
import { Trainer } from "../trainer.ts";

const config = z.strictObject({
  steps: count("Steps", "Steps of the optimizer.", "steps").default(1000),
  rate: z
    .number()
    .positive()
    .default(1e-3)
    .meta({ title: "Learning rate", description: "Highest learning rate of AdamW." }),
  warmup: z
    .int()
    .nonnegative()
    .default(50)
    .meta({ title: "Warm-up", description: "Steps over which the rate rises from 0.", unit: "steps" }),
  schedule: z
    .enum(["constant", "cosine"])
    .default("constant")
    .meta({ title: "After the warm-up", description: "The rate stays, or falls to 0 along half a cosine." }),
  gateRate: z
    .number()
    .positive()
    .default(5)
    .meta({ title: "Gates learn", description: "Multiplies the learning rate of the tanh gates.", unit: "times" }),
  decay: z.number().nonnegative().default(0.1).meta({
    title: "Weight decay",
    description: "Decay of the gated layers' weights; the resampler and the gates have none.",
  }),
  otherDecay: z.number().nonnegative().default(0).meta({
    title: "Weight decay elsewhere",
    description: "Decay of all other weights: for pretraining, where there are no gated layers.",
  }),
  clip: z.number().positive().default(1).meta({ title: "Clip", description: "Longest global norm of the gradients." }),
  accumulation: count("Accumulation", "Batches whose gradients are averaged for one step.", "batches").default(1),
  checkpointEvery: count("Checkpoint every", "Steps between two checkpoints.", "steps").default(250),
});

/**
 * Trains everything upstream that is not frozen, step by step, until the loss has had its say.
 *
 * Each step: the gradients of `accumulation` batches, averaged, clipped to a global norm of `clip`, and AdamW. Writes a
 * checkpoint every so many steps and when it is stopped, and goes on from the newest one. Shapes: `loss` a scalar in
 * nats.
 *
 * @throws FlamingoError NON_FINITE if the loss stops being a number
 * @see Alayrac et al. 2022, Flamingo, appendix B.2, arXiv:2204.14198
 */
export const Train = defineAction({
  name: "Train",
  title: "Train",
  category: "Action",
  summary: "Trains everything upstream that is not frozen, step by step, until the loss has had its say.",
  paper: "Appendix B.2",
  config,
  example: { steps: 10 },
  inputs: { loss: float32("", "what is made smaller") },
  stage: "train",
  run: async (settings, context) => {
    const {
      rate,
      warmup,
      schedule: after,
      gateRate,
      decay,
      otherDecay,
      clip,
      accumulation,
      checkpointEvery,
    } = settings;
    const schedule = { rate, warmup, after, steps: context.steps ?? settings.steps };
    const parts = flamingoParts(gateRate, decay, otherDecay);
    const trainer = new Trainer(context, { schedule, parts, clip, accumulation, checkpointEvery });
    try {
      return await trainer.run();
    } finally {
      await trainer.dispose();
    }
  },
});
