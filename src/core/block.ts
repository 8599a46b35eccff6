import { z } from "zod";
import { FlamingoError } from "./errors.ts";
import type { Port, Ports } from "./port.ts";

/** A tensor as composite blocks see it: something to pass on. Only primitives look inside. */
export interface Value {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** How a weight starts: a rule, never numbers, so that it costs nothing until it is needed. */
export type Initial =
  | { kind: "zeros" }
  | { kind: "ones" }
  | { kind: "normal"; std: number }
  /** Evenly over -bound .. bound. */
  | { kind: "uniform"; bound: number };

export interface WeightOptions {
  /** `gate` marks the scalar of a tanh gate, which is plotted and usually learns faster. */
  role?: "gate";
  /**
   * True for a weight that is new even inside a pretrained child, such as the embeddings of new tokens: it learns where
   * the child is frozen, but not where the whole block is.
   */
  neverFrozen?: boolean;
}

/** A weight by its description: what it would be, before or without its numbers. */
export interface WeightSpec {
  /** Dotted path, as in a checkpoint: `layers.0.attn.to_q.weight`. */
  name: string;
  shape: readonly number[];
  initial: Initial;
  frozen: boolean;
  role?: "gate";
}

type PortKeys<P extends Ports, Optional extends boolean> = {
  [K in keyof P]: P[K] extends { optional: true }
    ? Optional extends true
      ? K
      : never
    : Optional extends true
      ? never
      : K;
}[keyof P];

/** The values for a block's input ports, by name. */
export type InputsOf<I extends Ports, T> = { [K in PortKeys<I, false>]: T } & {
  [K in PortKeys<I, true>]?: T | undefined;
};

type IsSingle<K, All = K> = [K] extends [never]
  ? false
  : (K extends K ? ([All] extends [K] ? true : false) : never) extends true
    ? true
    : false;

/** What a block returns: the tensor itself if it has one output port, else the outputs by name. */
export type ResultOf<O extends Ports, T> = IsSingle<keyof O> extends true ? T : { [K in keyof O]: T };

export type Forward<I extends Ports, O extends Ports, T> = (inputs: InputsOf<I, T>) => ResultOf<O, T>;

/** What a composite block builds itself from. */
export interface CompositeScope {
  /**
   * Makes a block inside this one.
   * @param name where its weights live: `layers.0` puts them under `layers.0.`
   * @param options.frozen keeps its pretrained weights as they are (blue in the paper's figures)
   */
  child<C extends z.ZodObject, I extends Ports, O extends Ports>(
    name: string,
    definition: BlockDefinition<C, I, O>,
    config: z.input<C>,
    options?: { frozen?: boolean },
  ): Forward<I, O, Value>;
}

/** What a primitive block builds itself from: its own weights. */
export interface PrimitiveScope<T> {
  /** Makes a weight. An empty name makes the block's own path the weight's name. */
  weight(name: string, shape: readonly number[], initial: Initial, options?: WeightOptions): T;
}

export type Scope<T> = CompositeScope & PrimitiveScope<T>;

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
   * Numbers that its own code leaves for the backward pass beside its outputs, where that is much: the windows of a
   * convolution. So the memory of a training is known before anything is made.
   */
  keeps?(config: z.output<C>, outputs: Readonly<Record<keyof O, readonly number[]>>): number;
  /**
   * One of a stack of layers: gradient checkpointing keeps its inputs for the backward pass and computes its inside
   * again. Its outputs are new tensors.
   */
  layer?: true;
  /**
   * True if each image is seen alone: its first input is images [batch, media, frames, ...], and what it gives for one of them
   * [..., the same axes] has the same bits wherever it stands and whatever stands beside it. So frozen features can be kept.
   */
  perImage?: true;
  // biome-ignore lint/suspicious/noExplicitAny: one list holds primitives over any tensor type
  build(config: z.output<C>, scope: Scope<any>): Forward<I, O, any>;
  /** How a primitive takes a sequence that arrives in pieces; one without cannot. */
  pieces?: Pieces;
  /** What can be looked at beside the outputs, computed only when somebody looks. */
  // biome-ignore lint/suspicious/noExplicitAny: see build
  probes?: Readonly<Record<string, (config: z.output<C>, inputs: InputsOf<I, any>) => any>>;
}

/**
 * That a sequence may arrive in pieces along one axis of a primitive's ports, the second of their tensors: what it gives
 * for the pieces, joined, is what it gives for the whole.
 */
export interface Pieces {
  /** The axis' name in the shapes of the ports: `length`, or `lead` for one of `...lead`. */
  along: string;
  /** True if a place needs to know of those before it: then its code gets a `Past`. Else each is worked on alone. */
  past?: true;
}

/** What a primitive knows of the pieces that came before this one. */
export interface Past<T> {
  /** Places in them. */
  readonly length: number;
  /** Whether an input is a piece of the sequence, and not the same each time. */
  grows(port: string): boolean;
  /** Computes what is the same for every piece, once. */
  once(name: string, compute: () => T): T;
  /** What was noted under this name with the piece before; one row a row of the batch. */
  noted(name: string): T | undefined;
  note(name: string, value: T): void;
  /**
   * The earlier pieces of an input and this one behind them. `room` [batch, places or more, ...] holds them; only the first
   * `places` count.
   */
  append(name: string, piece: T): { room: T; places: number };
  /** The error that says why this block cannot go on from piece to piece. */
  refusal(reason: string): Error;
}

/** A block of any configuration and any ports, as registries and readings hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the ports' types matter where a block is called, not where it is listed
export type AnyBlock = BlockDefinition<any, any, any>;

type CompositeInput<C extends z.ZodObject, I extends Ports, O extends Ports> = Omit<
  BlockDefinition<C, I, O>,
  "kind" | "build" | "probes" | "pieces"
> & { build(config: z.output<C>, scope: CompositeScope): Forward<I, O, Value> };

/**
 * Defines a block made of other blocks. Its `build` is plain code over its children: called on tensors it computes,
 * called on symbolic tensors it records the graph that the editor opens.
 */
export function defineBlock<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: CompositeInput<C, I, O>,
): BlockDefinition<C, I, O> {
  return { ...definition, kind: "composite" };
}

/**
 * Where blocks get their weights and how a call of a block is carried out. The engine's reading computes; the
 * symbolic reading records.
 */
export interface Reading {
  weight(spec: WeightSpec): unknown;
  call(site: CallSite, inputs: Record<string, Value | undefined>): Record<string, Value>;
}

/** A block in its place: what is called when a composite calls a child. */
export interface CallSite {
  definition: AnyBlock;
  config: Record<string, unknown>;
  /** Dotted path inside the outermost block; empty for the outermost itself. */
  path: string;
  /** The block's own code. Returns outputs by name. */
  forward(inputs: Record<string, Value | undefined>, past?: Past<unknown>): Record<string, Value>;
}

/**
 * Checks a configuration and fills in its defaults.
 * @throws FlamingoError INVALID_CONFIG, naming the field, what it was and what it must be
 */
export function parseConfig<C extends z.ZodObject>(
  spec: Pick<Spec<C>, "name" | "config">,
  config: unknown,
): z.output<C> {
  const result = spec.config.safeParse(config ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.join(".");
  const known = Object.keys(spec.config.shape).join(", ");
  const where = field ? `config.${field} of ${spec.name}` : `the configuration of ${spec.name}`;
  throw new FlamingoError("INVALID_CONFIG", `${where}: ${issue.message}`, {
    block: spec.name,
    fix: issue.code === "unrecognized_keys" ? `use only: ${known}` : `set it to what the message asks for`,
  });
}

/**
 * Makes a block under a reading: the one way in which blocks come to life, computing or symbolic.
 * @param path where its weights live; empty for the outermost block
 * @param frozen keeps all its weights as they are, new ones included
 * @throws FlamingoError INVALID_CONFIG
 */
export function instantiate<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  reading: Reading,
  path = "",
  frozen = false,
): Forward<I, O, Value> {
  return place(definition, config, { reading, path, frozen, pretrained: false });
}

/** Where a block is made. */
interface Place {
  reading: Reading;
  path: string;
  /** Nothing here learns. */
  frozen: boolean;
  /** Only what is new learns here. */
  pretrained: boolean;
}

function place<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  at: Place,
): Forward<I, O, Value> {
  const { reading, path } = at;
  const parsed = parseConfig(definition, config);
  const built = definition.build(parsed, {
    child: (name, block, childConfig, options) =>
      place(block, childConfig, {
        ...at,
        path: join(path, name),
        pretrained: at.pretrained || (options?.frozen ?? false),
      }),
    weight: (name, shape, initial, options) =>
      reading.weight({
        name: join(path, name),
        shape,
        initial,
        frozen: at.frozen || (at.pretrained && !options?.neverFrozen),
        ...(options?.role ? { role: options.role } : {}),
      }),
  });
  const outputs = Object.keys(definition.outputs);
  const site: CallSite = {
    definition,
    config: parsed,
    path,
    forward: (inputs, past) => named(outputs, (built as (inputs: unknown, past?: unknown) => unknown)(inputs, past)),
  };
  return (inputs) => {
    const results = reading.call(site, inputs as Record<string, Value | undefined>);
    return (outputs.length === 1 ? results[outputs[0]!] : results) as ResultOf<O, Value>;
  };
}

/** A block's outputs by name, whichever way it returned them. */
function named(outputs: string[], result: unknown): Record<string, Value> {
  return outputs.length === 1 ? { [outputs[0]!]: result as Value } : (result as Record<string, Value>);
}

function join(path: string, name: string): string {
  return path && name ? `${path}.${name}` : path || name;
}

/** The numbers of a configuration, which are what the names in its ports' shapes mean. */
export function configSizes(config: Record<string, unknown>): [string, number][] {
  return Object.entries(config).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}

/** A configuration field that counts something: whole, above zero, with what people need to know of it. */
export function count(title: string, description: string, unit?: string) {
  return z
    .int()
    .positive()
    .meta({ title, description, ...(unit ? { unit } : {}) });
}

export type { Port };
