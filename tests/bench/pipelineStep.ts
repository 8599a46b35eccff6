import type { WeightSpec } from "../../src/core/weight.ts";
import type { HostTensor } from "../../src/data/source.ts";
import { valueAndGradients } from "../../src/engine/autodiff/gradients.ts";
import { dispose, type Tensor, tidy } from "../../src/engine/tensor.ts";
import { type PipelineModel, toTensors, type Values } from "../../src/execution/pipelineModel.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import type { ParameterGroups } from "../../src/training/parameterGroups.ts";
import { saveWeights } from "../../src/weights/file.ts";
import type { Peer } from "./peer.ts";
import { twinConfig } from "./twinConfig.ts";

/** A batch of a pipeline's source, and how its weights learn from it. */
export interface Lesson {
  model: PipelineModel;
  /** Ids of the source and of the loss. */
  source: string;
  loss: string;
  batch: Record<string, HostTensor>;
  groups: ParameterGroups;
  rate: number;
  clip: number;
}

/** Steps of training on one batch, as the Train action makes them: what is frozen is computed outside the tape, each step. */
export class PipelineStep {
  readonly #lesson: Lesson;
  readonly #fixed: string[];
  readonly #trained;
  readonly #optimizer: Optimizer;
  #steps = 0;

  constructor(lesson: Lesson) {
    const { model, loss, groups, clip } = lesson;
    this.#lesson = lesson;
    this.#fixed = model.blocksUpTo(loss).filter((id) => model.isFixed(id));
    this.#trained = model.weights.trainable();
    this.#optimizer = new Optimizer(this.#trained, { groups, clip });
  }

  get parameters(): number {
    return this.#lesson.model.weights.all().reduce((sum, { variable }) => sum + variable.size, 0);
  }

  loss(): Promise<number> {
    return readAndDispose(this.#withBatch((loss) => tidy(loss)));
  }

  /** One step of AdamW; returns the loss before it. */
  step(): Promise<number> {
    const before = this.#withBatch((loss) => {
      const { value, gradients } = valueAndGradients(
        loss,
        this.#trained.map(({ variable }) => variable),
      );
      const norm = this.#optimizer.step(gradients, ++this.#steps, this.#lesson.rate);
      dispose([norm, ...gradients.filter((gradient) => gradient !== null)]);
      return value;
    });
    return readAndDispose(before);
  }

  dispose(): void {
    this.#optimizer.dispose();
  }

  #withBatch<T>(work: (loss: () => Tensor) => T): T {
    const { model, source, loss, batch } = this.#lesson;
    const values: Values = new Map([[source, toTensors(batch)]]);
    const held = tidy(() => {
      for (const id of this.#fixed) model.compute(id, values);
      return [...values.values()].flatMap((ports) => Object.values(ports) as Tensor[]);
    });
    try {
      return work(() => model.compute(loss, new Map(values)).loss as Tensor);
    } finally {
      dispose(held);
    }
  }
}

async function readAndDispose(scalar: Tensor): Promise<number> {
  const [value] = await scalar.data();
  scalar.dispose();
  return value!;
}

/** The parts of a Flamingo as the twin names them. */
const twinNames: Readonly<Record<string, string>> = {
  "flamingo.vision_encoder": "encoder",
  "flamingo.perceiver": "resampler",
  "flamingo.lang_encoder": "language",
};

/** A weight's name in the twin. */
function twinName(name: string): string {
  const part = Object.keys(twinNames).find((each) => name.startsWith(`${each}.`));
  return part === undefined ? name : `${twinNames[part]}${name.slice(part.length)}`;
}

/**
 * Opens the twin on the same weights and the same batch; returns what it is. It knows pipelines of an `encoder`, a
 * `resampler` and a `language` node, or of a `flamingo` node that is all three.
 */
export async function openTwin(peer: Peer, { model, batch, groups, rate, clip }: Lesson): Promise<string> {
  const configOf = (part: string) =>
    Object.values(model.plan.nodes).find(({ id }) => twinName(`${id}.`) === `${part}.`)!.config;
  const [language, resampler] = [configOf("language"), configOf("resampler")];
  const sizes = { resamplerDepth: resampler.depth, resamplerHeads: resampler.heads };
  const config = { ...twinConfig(language), ...sizes };
  const weights = peer.file("weights");
  await saveWeights(
    weights,
    [...(await model.weights.save())].map(
      ([name, data]) => [twinName(name), { dtype: "F32" as const, ...data }] as const,
    ),
  );
  const frozen = model.weights.all().flatMap((weight) => (weight.frozen ? [twinName(weight.name)] : []));
  const twin = await peer.open({ config, weights, frozen });
  const tensors = peer.file("batch");
  await saveWeights(
    tensors,
    Object.entries(batch).map(([name, { shape, data }]) =>
      data instanceof Int32Array
        ? ([name, { dtype: "I32" as const, shape, data }] as const)
        : ([name, { dtype: "F32" as const, shape, data: data as Float32Array }] as const),
    ),
  );
  await peer.ask({ batch: { tensors, groups: groupsOf(model.weights.trainable(), groups, rate), clip } });
  return twin;
}

/** Weights that learn alike. */
function groupsOf(weights: readonly WeightSpec[], settings: ParameterGroups, rate: number) {
  const groups = new Map<string, { names: string[]; rate: number; decay: number }>();
  for (const weight of weights) {
    const { rate: factor, decay } = settings[weight.group];
    const key = `${factor} ${decay}`;
    const group = groups.get(key) ?? { names: [], rate: rate * factor, decay };
    group.names.push(twinName(weight.name));
    groups.set(key, group);
  }
  return [...groups.values()];
}
