import type { z } from "zod";
import type { BlockDefinition } from "../core/block.ts";
import type { InputsOf, ResultOf } from "../core/call.ts";
import { parseConfig } from "../core/config.ts";
import { describeStarts, describeWeights } from "../core/describeWeights.ts";
import { instantiate } from "../core/instantiate.ts";
import type { Ports } from "../core/port.ts";
import { Eager, type Probe } from "../engine/readings/eager.ts";
import { Weights } from "../engine/readings/weights.ts";
import type { Tensor } from "../engine/tensor.ts";
import { openStarts, type PretrainedWeights } from "./loadPretrained.ts";

export interface BuildOptions {
  /** Seed of the weights' first values. */
  seed?: number;
  /** Keeps all weights as they are: blue in the paper's figures. */
  frozen?: boolean;
  /** Pretrained weights that it starts from, such as those of `openModel`; they are read as the block is made, and quantised where they say so. */
  from?: PretrainedWeights;
}

/** A block that is alive: a function from its input ports' tensors to its output, or to its outputs by name. */
export interface Built<C extends z.ZodObject = z.ZodObject, I extends Ports = Ports, O extends Ports = Ports> {
  (inputs: InputsOf<I, Tensor>): ResultOf<O, Tensor>;
  readonly block: BlockDefinition<C, I, O>;
  /** With the defaults filled in. */
  readonly config: z.output<C>;
  readonly weights: Weights;
  /**
   * Fills the weights from a file, or from one that comes with the studio, by name; without either, those of the blocks whose slots
   * name `weights`.
   * @throws FlamingoError NOT_FOUND; INVALID_WEIGHTS if shapes differ or a frozen weight is not in it
   */
  load(source?: string): Promise<void>;
  /** Reads probes while `f` runs. */
  watched<Result>(probes: readonly Probe[], f: () => Result): Result;
  /** Gives its memory on the device back. */
  dispose(): void;
}

/**
 * Makes a block with weights of its own, ready to be called on tensors, on the device that is open.
 *
 * @example
 * const attend = build(GatedXattnDense, { dim: 16, visualDim: 8, heads: 2, headDim: 4 }, { seed: 1 });
 * const seen = attend({ text, media, locations }); // [B, L, 16]
 * attend.weights.trainable();
 * @throws FlamingoError INVALID_CONFIG, naming the field
 */
export function build<C extends z.ZodObject, I extends Ports, O extends Ports>(
  block: BlockDefinition<C, I, O>,
  config: z.input<C>,
  { seed = 0, frozen = false, from }: BuildOptions = {},
): Built<C, I, O> {
  const weights = new Weights(seed);
  if (from) {
    openStarts(
      [{ path: "", weights: from.source, type: block.name }],
      describeWeights(block, config, { frozen }),
      () => from,
    );
    weights.startFrom("", from.tensors, from.source, from.bits);
  }
  const reading = new Eager(weights);
  const forward = instantiate(block, config, reading, { frozen });
  const call = (inputs: InputsOf<I, Tensor>) => forward(inputs) as unknown as ResultOf<O, Tensor>;
  return Object.assign(call, {
    block,
    config: parseConfig(block, config),
    weights,
    load: async (source?: string) => {
      const starts =
        source === undefined ? describeStarts(block, config) : [{ path: "", weights: source, type: block.name }];
      for (const { start, source: file, tensors } of openStarts(starts, weights.all()))
        weights.load(tensors, start.path, file);
    },
    watched: <Result>(probes: readonly Probe[], f: () => Result): Result => {
      reading.probes = probes;
      try {
        return f();
      } finally {
        reading.probes = [];
      }
    },
    dispose: () => weights.dispose(),
  });
}
