import type { z } from "zod";
import type { Call, Forward, InputsOf, Value } from "./call.ts";
import type { Chunks } from "./chunks.ts";
import type { Ports } from "./port.ts";
import type { Initial, ParameterGroup, WeightOptions } from "./weight.ts";

export type Category = "Data" | "Vision" | "Fusion" | "Language" | "Loss" | "Tensor" | "Action";

/** What every entry of the catalog says of itself: blocks, sources of data, and actions. */
export interface Spec<C extends z.ZodObject = z.ZodObject, I extends Ports = Ports, O extends Ports = Ports> {
  /** PascalCase, the literature's name. */
  name: string;
  title: string;
  category: Category;
  /** One sentence, the same as the doc comment's first. */
  summary: string;
  /** Where it comes from: `2.2, Figure 4` of the Flamingo paper, or another source. */
  paper?: string;
  config: C;
  inputs: I;
  outputs: O;
}

export interface BlockDefinition<C extends z.ZodObject = z.ZodObject, I extends Ports = Ports, O extends Ports = Ports>
  extends Spec<C, I, O> {
  kind: "primitive" | "composite";
  /** A small configuration that works, for tests and examples. */
  example: z.input<C>;
  /** Sizes for the names that the example's configuration leaves open. */
  exampleSizes?: Readonly<Record<string, number>>;
  /**
   * The number of values that the block stores for the backward pass besides its outputs, where there are many, such as the windows of
   * a convolution. The estimate of a run's memory uses it.
   */
  keeps?(config: z.output<C>, outputs: Readonly<Record<keyof O, readonly number[]>>): number;
  /**
   * A layer of a stack: gradient checkpointing may keep its inputs only and compute its inside again in the backward pass.
   */
  layer?: boolean;
  /**
   * True if each image is processed independently: the first input is images [batch, media, frames, ...], the output begins with the same
   * axes, and the output for an image has the same bits wherever it is in the batch. Frozen features can then be cached.
   */
  perImage?: boolean;
  /** For a loss that mixes datasets: how training mixes them. Training then computes the loss at each input on its own. */
  mixture?(config: z.output<C>): Mixture;
  /** The block that this one is a changed copy of. */
  from?: string;
  /** The parameter group of its weights, where it has one of its own. */
  group?: ParameterGroup;
  // biome-ignore lint/suspicious/noExplicitAny: one list holds primitives over any tensor type
  build(config: z.output<C>, scope: Scope<any>): Forward<I, O, any>;
  /** How a primitive takes a sequence chunk by chunk; one without cannot. */
  chunks?: Chunks;
  /** Values that can be read beside the outputs, computed only when a probe asks. */
  // biome-ignore lint/suspicious/noExplicitAny: see build
  probes?: Readonly<Record<string, (config: z.output<C>, inputs: InputsOf<I, any>) => any>>;
}

/** How a training mixes the datasets whose losses are the inputs of a block. */
export interface Mixture {
  /** What the loss at each input is multiplied by. */
  weights: Readonly<Record<string, number>>;
  /** Whether each step takes one dataset, in turn, instead of all of them. */
  inTurn: boolean;
}

/** A block of any configuration and any ports, as registries and readings hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the ports' types matter where a block is called, not where it is listed
export type AnyBlock = BlockDefinition<any, any, any>;

/** Finds a block by its name. */
export type BlockLookup = (name: string) => AnyBlock | undefined;

/** What a primitive block builds itself from: its own weights. */
export interface PrimitiveScope<T, Matrix = T> {
  /** Makes a weight. An empty name makes the block's own path the weight's name. */
  weight(name: string, shape: readonly number[], initial: Initial, options?: WeightOptions): T;
  /** Makes a weight that is used in products and by rows only: where it is frozen, it may be held in fewer bits. */
  matrix(name: string, shape: readonly [number, number], initial: Initial, options?: WeightOptions): Matrix;
  /** Dotted path inside the outermost block: which of several blocks this one is. */
  readonly path: string;
  /** Whether none of its weights learns. */
  readonly frozen: boolean;
}

/** What a composite block builds itself from. */
export interface CompositeScope {
  /**
   * Makes a block inside this one.
   * @param name the prefix of its weights' names: `layers.0` puts them under `layers.0.`
   * @param config its configuration; for a slot, the fields that this block gives to whatever fills it
   */
  child<C extends z.ZodObject, I extends Ports, O extends Ports>(
    name: string,
    definition: BlockDefinition<C, I, O>,
    config: z.input<C>,
    options?: ChildOptions,
  ): Call<I, O, Value>;
  child<I extends Ports, O extends Ports>(
    name: string,
    slot: SlotValue<I, O>,
    given: Record<string, unknown>,
    options?: ChildOptions,
  ): Call<I, O, Value>;
}

export type Scope<T> = CompositeScope & PrimitiveScope<T>;

export interface ChildOptions {
  frozen?: Frozen;
  /** Whether its weights come from pretraining or are new. Without it, pretrained if it names `weights`, else as in the block around it. */
  pretrained?: boolean;
  /** Name of the pretrained weights that it starts from. */
  weights?: string;
}

/** Which of a block's weights get no gradient: `true` for all, `"pretrained"` for all but the new ones in it. */
export type Frozen = boolean | "pretrained";

/** A block with its configuration, as a slot holds it. The types of its ports are known to the compiler only. */
export interface SlotValue<I extends Ports = Ports, O extends Ports = Ports> {
  type: string;
  config: Record<string, unknown>;
  /** Name of the pretrained weights that it starts from. */
  weights?: string | undefined;
  readonly ports?: { inputs: I; outputs: O };
}
