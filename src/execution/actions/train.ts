import { join } from "node:path";
import { z } from "zod";
import { count } from "../../core/block.ts";
import { FlamingoError } from "../../core/errors.ts";
import { float32 } from "../../core/port.ts";
import { dispose, type Tensor, tidy } from "../../engine/tensor.ts";
import type { Weight } from "../../engine/weights.ts";
import { checkpointFolder } from "../../runs/folder.ts";
import { loadCheckpoint, newestCheckpoint, saveCheckpoint } from "../../training/checkpoint.ts";
import { type StepReport, train } from "../../training/loop.ts";
import { Optimizer } from "../../training/optimizer.ts";
import { flamingoParts } from "../../training/parts.ts";
import { type ActionContext, defineAction, type Observer } from "../action.ts";
import { toTensors, type Values } from "../graph.ts";

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
    const { graph, node, log, seed } = context;
    const steps = context.steps ?? settings.steps;
    const weights = trainedBy(context);
    const parts = flamingoParts(settings.gateRate, settings.decay);
    const optimizer = new Optimizer(weights, { parts, clip: settings.clip });
    try {
      const from = await takeUp(context, optimizer);
      const gates = weights.filter(({ role }) => role === "gate");
      const trainable = sizeOfAll(weights);
      const all = graph.blocksUpTo(node.id).flatMap((id) => graph.weights.all(id));
      log.append({
        type: "train:started",
        node: node.id,
        steps,
        gates: gates.map(({ name }) => name),
        weights: sizeOfAll(all),
        trainable,
      });
      if (from === 0) await look(context.observers, 0, true);
      let saved = from;
      const save = async (step: number) => {
        if (step === saved) return;
        const checkpoint = { step, weights: await numbersOf(weights), moments: await optimizer.save() };
        const file = await saveCheckpoint(join(context.folder, checkpointFolder), checkpoint, {
          seed: String(seed),
          node: node.id,
        });
        log.append({ type: "train:checkpoint", step, file });
        saved = step;
      };
      const schedule = { rate: settings.rate, warmup: settings.warmup, after: settings.schedule, steps };
      const onStep = async (report: StepReport) => {
        const { step } = report;
        log.append({ type: "train:step", ...report, gates: await gateValues(gates) });
        log.append({ type: "node:state", node: node.id, state: "running", activity: "training", step, total: steps });
        if (step % settings.checkpointEvery === 0) await save(step);
        await look(context.observers, step, step === steps);
        return goOn(context);
      };
      const accumulation = settings.accumulation;
      const last = await train({ weights, optimizer, schedule, accumulation, from, lossOf: losses(context), onStep });
      await save(Math.max(last, from));
      return last >= steps;
    } finally {
      optimizer.dispose();
    }
  },
});

/** @throws FlamingoError INVALID_PIPELINE if all is frozen */
function trainedBy({ graph, node }: ActionContext): Weight[] {
  const weights = graph
    .blocksUpTo(node.id)
    .flatMap((id) => graph.weights.all(id))
    .filter((weight) => !weight.frozen);
  if (weights.length > 0) return weights;
  throw new FlamingoError("INVALID_PIPELINE", `"${node.label}" has nothing to train: every block before it is frozen`, {
    block: node.id,
    fix: "unfreeze a block, or add one that learns",
  });
}

/** Takes up where the newest checkpoint ended; 0 if there is none. */
async function takeUp({ folder, graph }: ActionContext, optimizer: Optimizer): Promise<number> {
  const path = await newestCheckpoint(join(folder, checkpointFolder));
  if (!path) return 0;
  const { step, weights, moments } = await loadCheckpoint(path);
  graph.weights.load(weights, "", path);
  optimizer.load(moments);
  return step;
}

/** The loss of a batch: what depends on no trained weight is computed first, outside the gradient's tape. */
function losses({ graph, node, sources }: ActionContext): (batch: number) => () => Tensor {
  const from = node.inputs.loss!;
  const feeding = graph.sourcesOf(node.id);
  const fixed = graph.blocksUpTo(from.node).filter((id) => graph.isFixed(id));
  let held: Tensor[] = [];
  return (batch) => {
    dispose(held);
    held = [];
    const values: Values = new Map();
    for (const { id } of feeding) {
      const tensors = toTensors(sources.get(id)!.batch(batch));
      values.set(id, tensors);
      held.push(...Object.values(tensors));
    }
    const kept = tidy(() => {
      for (const id of fixed) graph.compute(id, values);
      return fixed.flatMap((id) => Object.values(values.get(id)!) as Tensor[]);
    });
    held.push(...kept);
    return () => graph.compute(from.node, new Map(values))[from.port] as Tensor;
  };
}

async function numbersOf(weights: readonly Weight[]) {
  const numbers = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const { name, shape, variable } of weights)
    numbers.set(name, { shape, data: new Float32Array(await variable.data()) });
  return numbers;
}

async function gateValues(gates: readonly Weight[]): Promise<number[]> {
  const values = await Promise.all(gates.map(({ variable }) => variable.data()));
  return values.map((value) => Math.tanh(value[0]!));
}

async function look(observers: readonly Observer[], step: number, always: boolean): Promise<void> {
  for (const observer of observers) if (always || step % observer.every === 0) await observer.see(step);
}

/** Rests while the run is paused; false if it should stop. */
async function goOn({ signal, control }: ActionContext): Promise<boolean> {
  // A step computes without a pause; messages (stop, pause) are only heard between two.
  await new Promise((resolve) => setImmediate(resolve));
  if (control?.paused()) await control.wait();
  return !signal.aborted;
}

function sizeOfAll(weights: readonly Weight[]): number {
  return weights.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}
