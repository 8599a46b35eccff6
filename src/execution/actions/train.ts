import { z } from "zod";
import { count } from "../../core/configFields.ts";
import { float32 } from "../../core/port.ts";
import { capabilities } from "../../engine/devices/capabilities.ts";
import { flamingoGroups } from "../../training/parameterGroups.ts";
import { type ActionContext, defineAction } from "../action.ts";
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
    description: "Decay of new weights, such as those of gated layers. Gates have none.",
  }),
  otherDecay: z.number().nonnegative().default(0).meta({
    title: "Weight decay elsewhere",
    description: "Decay of the resampler, of pretrained weights and of token embeddings.",
  }),
  clip: z.number().positive().default(1).meta({ title: "Clip", description: "Longest global norm of the gradients." }),
  adaptiveClip: z.number().nonnegative().default(0).meta({
    title: "Adaptive clip",
    description:
      "Longest gradient of each output's weights, as a part of their own length, before the global clip; not for the last layer. Networks without normalisation (NFNet) need it: 0.01. 0 does without.",
  }),
  accumulation: count("Accumulation", "Batches whose gradients are averaged for one step.", "batches").default(1),
  precision: z.enum(["float32", "mixed"]).default("float32").meta({
    title: "Precision",
    description: "Mixed: products in half precision where the GPU has it, under a loss scale; weights stay in single.",
  }),
  gradientCheckpointing: z.boolean().default(false).meta({
    title: "Gradient checkpointing",
    description: "Holds the inputs of each layer alone and computes the layer again: less memory, a third more work.",
  }),
  checkpointEvery: count("Checkpoint every", "Steps between two checkpoints.", "steps").default(250),
  keepLast: z
    .int()
    .min(2) // so that there is another where the newest is damaged
    .default(5)
    .meta({
      title: "Checkpoints kept",
      description: "How many of the last checkpoints stay on the disk, beside the one of the lowest loss.",
      unit: "checkpoints",
    }),
});

/**
 * Trains everything upstream that is not frozen, step by step, to lower the loss.
 *
 * Each step: the gradients of `accumulation` batches, averaged, clipped adaptively if asked and to a global norm of `clip`, and AdamW. Writes a
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
  summary: "Trains everything upstream that is not frozen, step by step, to lower the loss.",
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
      adaptiveClip,
      accumulation,
      precision,
      gradientCheckpointing,
      checkpointEvery,
      keepLast,
    } = settings;
    const schedule = { rate, warmup, after, steps: context.steps ?? settings.steps };
    const groups = flamingoGroups(gateRate, decay, otherDecay);
    const mixed = precision === "mixed";
    const clipping = { clip, ...(adaptiveClip > 0 ? { adaptiveClip } : {}) };
    const trainer = new Trainer(context, {
      schedule,
      groups,
      ...clipping,
      accumulation,
      mixed,
      checkpointEvery,
      keepLast,
    });
    let endHalf: (() => void) | undefined;
    try {
      context.model.setCheckpointing(gradientCheckpointing);
      if (mixed) endHalf = startHalf(context);
      return await trainer.run();
    } finally {
      endHalf?.();
      context.model.setCheckpointing(false);
      await trainer.dispose();
    }
  },
});

/** A pipeline that asks for half precision runs on every device: where there is none, a warning says so and it computes in single. */
function startHalf({ log, node }: ActionContext): (() => void) | undefined {
  const end = capabilities().startHalfProducts?.();
  const message = end
    ? "products take half precision; sums and weights keep single precision"
    : "this device has no products in half precision: mixed precision is computed in single precision here";
  log.append({ channel: "message", value: { level: end ? "info" : "warning", message, node: node.id } });
  return end;
}
