import type { WeightData } from "../core/weight.ts";
import { adamW } from "../engine/ops/adamW.ts";
import { adaptiveClip } from "../engine/ops/adaptiveClip.ts";
import { type ClipOptions, clipFactor, globalNorm } from "../engine/ops/globalNorm.ts";
import { assignNumbers, readNumbers, type Weight } from "../engine/readings/weights.ts";
import { dispose, type Tensor, type Variable, variable, zeros } from "../engine/tensor.ts";
import type { GroupSettings, ParameterGroups } from "./parameterGroups.ts";

/** What AdamW remembers of a weight. */
interface Memory {
  weight: Weight;
  group: GroupSettings;
  m: Variable;
  v: Variable;
}

export interface AdaptiveClipSettings {
  /** Largest ratio of a unit's gradient to its weights, by their norms. */
  ratio: number;
  /** Smallest norm that weights count with; 1e-3 by default. */
  epsilon?: number;
  /** Names of weights that it is not for: those of the last layer. */
  except?: ReadonlySet<string>;
}

/** Settings that stay the same over a training. */
export interface OptimizerSettings {
  groups: ParameterGroups;
  /** Longest global norm of the gradients; longer ones are scaled down to it. */
  clip: number;
  /** Adaptive clipping of each unit's gradient before that, for the weights that it is for. */
  adaptiveClip?: AdaptiveClipSettings | undefined;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

/**
 * AdamW over a model's trainable weights, with clipping by the global norm and, if asked, by each unit's own weights, and a learning rate
 * and a weight decay for each parameter group.
 *
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101; PyTorch's AdamW for defaults (0.9, 0.999, 1e-8)
 */
export class Optimizer {
  readonly #memories: Memory[];
  readonly #settings: Required<Omit<OptimizerSettings, "adaptiveClip">>;
  readonly #adaptiveClip: AdaptiveClipSettings | undefined;

  constructor(weights: readonly Weight[], settings: OptimizerSettings) {
    const { adaptiveClip, ...others } = settings;
    this.#settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...others };
    this.#adaptiveClip = adaptiveClip;
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
    const { clipped, made } = this.#clipUnits(gradients, options.scale ?? 1);
    const length = made.length > 0 ? globalNorm(clipped.filter((gradient) => gradient !== null)) : norm;
    const factor = clipFactor(length, clip, options);
    const parameters = this.#memories.flatMap(({ weight, group, m, v }, index) => {
      const gradient = clipped[index];
      return gradient ? [{ value: weight.variable, gradient, m, v, rate: rate * group.rate, decay: group.decay }] : [];
    });
    adamW(parameters, { step, beta1, beta2, epsilon, clip: factor });
    dispose([factor, ...made, ...(length === norm ? [] : [length])]);
    return norm;
  }

  /** The gradients after adaptive clipping, and those of them that are new tensors. */
  #clipUnits(gradients: readonly (Tensor | null)[], scale: number): { clipped: (Tensor | null)[]; made: Tensor[] } {
    if (!this.#adaptiveClip) return { clipped: [...gradients], made: [] };
    const { ratio, epsilon = 1e-3, except } = this.#adaptiveClip;
    const made: Tensor[] = [];
    const clipped = this.#memories.map(({ weight }, index) => {
      const gradient = gradients[index] ?? null;
      if (!gradient || except?.has(weight.name)) return gradient;
      const shorter = adaptiveClip(gradient, weight.variable, { ratio, epsilon, scale });
      made.push(shorter);
      return shorter;
    });
    return { clipped, made };
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
