import { adamW } from "../engine/ops/adamW.ts";
import { type ClipOptions, clipFactor, globalNorm } from "../engine/ops/globalNorm.ts";
import { assignNumbers, readNumbers, type Weight, type WeightData } from "../engine/readings/weights.ts";
import { dispose, type Tensor, type Variable, variable, zeros } from "../engine/tensor.ts";
import type { GroupSettings, ParameterGroups } from "./parameterGroups.ts";

/** What AdamW remembers of a weight. */
interface Memory {
  weight: Weight;
  group: GroupSettings;
  m: Variable;
  v: Variable;
}

/** Settings that stay the same over a training. */
export interface OptimizerSettings {
  groups: ParameterGroups;
  /** Longest global norm of the gradients; longer ones are scaled down to it. */
  clip: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

/**
 * AdamW over a model's trainable weights, with global norm clipping and a learning rate and a weight decay for each parameter group.
 *
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101; PyTorch's AdamW for defaults (0.9, 0.999, 1e-8)
 */
export class Optimizer {
  readonly #memories: Memory[];
  readonly #settings: Required<OptimizerSettings>;

  constructor(weights: readonly Weight[], settings: OptimizerSettings) {
    this.#settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...settings };
    this.#memories = weights.map((weight) => ({
      weight,
      group: settings.groups[weight.group],
      m: emptyLike(weight),
      v: emptyLike(weight),
    }));
  }

  /**
   * Makes one step. Where the gradients' norm or the loss is not finite, weights and moments stay as they are.
   * @param gradients one a weight, in the constructor's order; null for a weight that took no part, which stays
   * @param step number of this step; the first is 1
   * @param options.scale the loss scale that the gradients carry
   * @param options.loss the loss that they are of
   * @returns the global norm of the gradients as they came, a scalar that the caller disposes
   */
  step(gradients: readonly (Tensor | null)[], step: number, rate: number, options: ClipOptions = {}): Tensor {
    const { clip, beta1, beta2, epsilon } = this.#settings;
    const norm = globalNorm(gradients.filter((gradient) => gradient !== null));
    const factor = clipFactor(norm, clip, options);
    const parameters = this.#memories.flatMap(({ weight, group, m, v }, index) => {
      const gradient = gradients[index];
      return gradient ? [{ value: weight.variable, gradient, m, v, rate: rate * group.rate, decay: group.decay }] : [];
    });
    adamW(parameters, { step, beta1, beta2, epsilon, clip: factor });
    dispose(factor);
    return norm;
  }

  /** The moments by name (`m.NAME`, `v.NAME`), for a checkpoint. */
  async save(): Promise<Map<string, WeightData>> {
    const moments = new Map<string, WeightData>();
    for (const { weight, m, v } of this.#memories) {
      moments.set(`m.${weight.name}`, await readNumbers({ shape: weight.shape, variable: m }));
      moments.set(`v.${weight.name}`, await readNumbers({ shape: weight.shape, variable: v }));
    }
    return moments;
  }

  /** Takes moments back from a checkpoint. */
  load(moments: ReadonlyMap<string, WeightData>): void {
    for (const { weight, m, v } of this.#memories) {
      const first = moments.get(`m.${weight.name}`);
      const second = moments.get(`v.${weight.name}`);
      if (first) assignNumbers(m, first);
      if (second) assignNumbers(v, second);
    }
  }

  dispose(): void {
    for (const { m, v } of this.#memories) dispose([m, v]);
  }
}

function emptyLike({ shape }: Weight): Variable {
  const start = zeros([...shape]);
  const made = variable(start, false);
  start.dispose();
  return made;
}
