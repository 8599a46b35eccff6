import { z } from "zod";
import { FlamingoError } from "./errors.ts";
import { misfit, type SlotSpec } from "./misfit.ts";
import type { Port, Ports } from "./port.ts";

/** A tensor as composite blocks see it: something to pass on. Only primitives compute with it. */
export interface Value {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** How a weight is initialised: a rule, not numbers, so that it costs nothing until it is needed. */
export type Initial =
  | { kind: "zeros" }
  | { kind: "ones" }
  | { kind: "normal"; std: number }
  /** Uniform over -bound .. bound. */
  | { kind: "uniform"; bound: number };

/** What a weight is in its block. */
export type WeightRole = "gate" | "embedding";

/**
 * Weights that share a learning rate factor and a weight decay: tanh gates, token embeddings, the resampler, pretrained weights, and
 * all others, which are new.
 */
export type ParameterGroup = "gate" | "embedding" | "resampler" | "pretrained" | "new";

export interface WeightOptions {
  role?: WeightRole;
  /** True for a weight that is new inside a pretrained block, such as the embeddings of added tokens. */
  new?: boolean;
}

/** A weight by its description: what it would be, before or without its numbers. */
export interface WeightSpec {
  /** Dotted path, as in a checkpoint: `layers.0.attn.to_q.weight`. */
  name: string;
  shape: readonly number[];
  initial: Initial;
  frozen: boolean;
  group: ParameterGroup;
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

/** A block's code: takes the inputs by name. */
export type Forward<I extends Ports, O extends Ports, T> = (inputs: InputsOf<I, T>) => ResultOf<O, T>;

/** Calls a block that was made: with the inputs by name, or by position in the order of the ports. */
export interface Call<I extends Ports, O extends Ports, T> {
  (inputs: InputsOf<I, T>): ResultOf<O, T>;
  (...inputs: [T, ...(T | undefined)[]]): ResultOf<O, T>;
}

/** A block with its configuration, as a slot holds it. The types of its ports are known to the compiler only. */
export interface SlotValue<I extends Ports = Ports, O extends Ports = Ports> {
  type: string;
  config: Record<string, unknown>;
  /** Name of the pretrained weights that it starts from. */
  weights?: string | undefined;
  readonly ports?: { inputs: I; outputs: O };
}

/** Which of a block's weights get no gradient: `true` for all, `"pretrained"` for all but the new ones in it. */
export type Frozen = boolean | "pretrained";

export interface ChildOptions {
  frozen?: Frozen;
  /** Whether its weights come from pretraining or are new. Without it, pretrained if it names `weights`, else as in the block around it. */
  pretrained?: boolean;
  /** Name of the pretrained weights that it starts from. */
  weights?: string;
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

/** What a primitive block builds itself from: its own weights. */
export interface PrimitiveScope<T> {
  /** Makes a weight. An empty name makes the block's own path the weight's name. */
  weight(name: string, shape: readonly number[], initial: Initial, options?: WeightOptions): T;
  /** Dotted path inside the outermost block: which of several blocks this one is. */
  readonly path: string;
  /** Whether none of its weights learns. */
  readonly frozen: boolean;
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
   * The number of values that the block stores for the backward pass besides its outputs, where there are many, such as the windows of
   * a convolution. The estimate of a run's memory uses it.
   */
  keeps?(config: z.output<C>, outputs: Readonly<Record<keyof O, readonly number[]>>): number;
  /**
   * One of a stack of layers: gradient checkpointing keeps its inputs for the backward pass and recomputes its inside.
   */
  layer?: boolean;
  /**
   * True if each image is processed independently: the first input is images [batch, media, frames, ...], the output begins with the same
   * axes, and the output for an image has the same bits wherever it is in the batch. Frozen features can then be cached.
   */
  perImage?: boolean;
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

/**
 * Says that a primitive can process a sequence chunk by chunk, along one axis of its ports (the second axis of their tensors). The
 * concatenated outputs for the chunks are the output for the whole sequence.
 */
export interface Chunks {
  /** The axis' name in the shapes of the ports: `length`, or `lead` for one of `...lead`. */
  along: string;
  /** True if a position depends on those before it: then the code gets a `Cache`. Else each position is computed alone. */
  cache?: true;
}

/** What a primitive keeps from chunk to chunk: the KV cache of attention, the position of an embedding. */
export interface Cache<T> {
  /** How many positions came before this chunk. */
  readonly length: number;
  /** Whether an input is a chunk of the sequence, and not the same each time. */
  grows(port: string): boolean;
  /** Computes what is the same for every chunk, once. */
  once(name: string, compute: () => T): T;
  /** The value that the previous chunk stored under this name, with the batch as its first axis. */
  get(name: string): T | undefined;
  set(name: string, value: T): void;
  /**
   * The earlier chunks of an input with this one after them. `buffer` [batch, at least length, ...] holds them; only the
   * first `length` positions count.
   */
  append(name: string, chunk: T): { buffer: T; length: number };
  /** The error that says why this block cannot continue from chunk to chunk. */
  refusal(reason: string): Error;
}

/** A block of any configuration and any ports, as registries and readings hold it. */
// biome-ignore lint/suspicious/noExplicitAny: the ports' types matter where a block is called, not where it is listed
export type AnyBlock = BlockDefinition<any, any, any>;

/** Finds a block by its name. */
export type BlockLookup = (name: string) => AnyBlock | undefined;

type CompositeInput<C extends z.ZodObject, I extends Ports, O extends Ports> = Omit<
  BlockDefinition<C, I, O>,
  "kind" | "build" | "probes" | "chunks"
> & { build(config: z.output<C>, scope: CompositeScope): Forward<I, O, Value> };

/** Every block that was defined, by name: what a slot can name. */
const defined = new Map<string, AnyBlock>();

/** Names of the library's blocks. */
const reserved = new Set<string>();

/** Keeps the names of the library's blocks from being taken. */
export function reserveNames(library: readonly AnyBlock[]): void {
  for (const { name } of library) reserved.add(name);
}

/**
 * Makes a definition known by its name. A block that is defined again takes the place of the earlier one, as when a cell is run twice.
 * @throws FlamingoError CONFLICT for the name of one of the library's blocks
 */
export function register<B extends AnyBlock>(definition: B): B {
  const { name } = definition;
  if (reserved.has(name)) {
    const fix = "give the block another name";
    throw new FlamingoError("CONFLICT", `the library has a block "${name}" already`, { block: name, fix });
  }
  defined.set(definition.name, definition);
  return definition;
}

/** A block by its name, among all that were defined. */
export const findBlock: BlockLookup = (name) => defined.get(name);

/**
 * Defines a block made of other blocks. Its `build` is plain code over its children: called on tensors it computes,
 * called on symbolic tensors it records the graph that the editor opens.
 */
export function defineBlock<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: CompositeInput<C, I, O>,
): BlockDefinition<C, I, O> {
  return register({ ...definition, kind: "composite" });
}

/**
 * Where blocks get their weights, and how a call of a block is carried out. The eager reading computes; the symbolic
 * reading records.
 */
export interface Reading {
  weight(spec: WeightSpec): unknown;
  /** Is told which pretrained weights a block starts from, before the block is made. */
  starts?(path: string, weights: string): void;
  call(site: CallSite, inputs: Record<string, Value | undefined>): Record<string, Value>;
}

/** One call of a child or an operation in the code of a composite. */
export interface CallSite {
  definition: AnyBlock;
  config: Record<string, unknown>;
  /** Dotted path inside the outermost block; empty for the outermost itself. */
  path: string;
  options: ChildOptions;
  /** The block whose code calls this one. */
  parent?: CallSite | undefined;
  /** The block's own code. Returns outputs by name. */
  forward: (inputs: Record<string, Value | undefined>, cache?: Cache<unknown>) => Record<string, Value>;
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

export interface InstantiateOptions extends ChildOptions {
  /** The prefix of its weights' names; none by default. */
  path?: string;
  /** What it has from blocks around it, where it is made apart from them. */
  around?: Inherited | undefined;
  /** Finds the blocks that slots name; all that were defined by default. */
  find?: BlockLookup;
}

/**
 * Makes a block under a reading: the one way in which blocks come to life, computing or symbolic.
 * @throws FlamingoError INVALID_CONFIG; UNKNOWN_BLOCK or SLOT_MISMATCH for a slot that cannot be filled so
 */
export function instantiate<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
  config: z.input<C>,
  reading: Reading,
  { path = "", find = findBlock, around = outermost, ...options }: InstantiateOptions = {},
): Call<I, O, Value> {
  return place(definition, config, { reading, find, path, options, around }) as never;
}

/** What a block has from the blocks around it. */
export interface Inherited {
  frozen: Frozen;
  pretrained: boolean;
  group?: ParameterGroup;
}

const outermost: Inherited = { frozen: false, pretrained: false };

/** What the blocks in a block have from it. */
export function inherited(
  { group }: Pick<AnyBlock, "group">,
  options: ChildOptions,
  around: Inherited = outermost,
): Inherited {
  const named = options.weights === undefined ? undefined : true;
  return {
    ...around,
    frozen: around.frozen === true ? true : options.frozen || around.frozen,
    pretrained: options.pretrained ?? named ?? around.pretrained,
    ...(group ? { group } : {}),
  };
}

/** Where a block is made. */
interface Place {
  reading: Reading;
  find: BlockLookup;
  path: string;
  options: ChildOptions;
  around: Inherited;
  parent?: CallSite;
}

type AnyCall = (...inputs: unknown[]) => unknown;

function place(definition: AnyBlock, config: unknown, at: Place): AnyCall {
  const { reading, path, options } = at;
  const own = inherited(definition, options, at.around);
  if (options.weights !== undefined) reading.starts?.(path, options.weights);
  const parsed = parseConfig(definition, config) as Record<string, unknown>;
  const slots = slotsOf(definition, parsed);
  const site: CallSite = { definition, config: parsed, path, options, parent: at.parent, forward: notBuilt };
  const scope = new Composite(site, reading);
  const code = definition.build(parsed, {
    child: (
      name: string,
      block: AnyBlock | SlotValue,
      given: Record<string, unknown>,
      childOptions: ChildOptions = {},
    ) => {
      scope.names.add(name);
      const below = { ...at, path: join(path, name), options: childOptions, around: own, parent: site };
      if ("build" in block) return place(block, given, below) as never;
      const spec = slots.get(block);
      const { filling, config } = fill(block, spec, given, at.find, definition.name);
      const filled =
        block.weights === undefined ? below : { ...below, options: { ...childOptions, weights: block.weights } };
      return throughSlot(place(filling, config, filled), spec, filling) as never;
    },
    weight: (name, shape, initial, weightOptions) =>
      reading.weight(weightSpec(join(path, name), shape, initial, weightOptions, own)),
    path,
    frozen: own.frozen === true || (own.frozen === "pretrained" && own.pretrained),
  }) as (inputs: unknown, cache?: unknown) => unknown;
  const outputs = Object.keys(definition.outputs);
  site.forward =
    definition.kind === "composite"
      ? (inputs) =>
          named(
            outputs,
            scope.run(() => code(inputs)),
          )
      : (inputs, cache) =>
          named(
            outputs,
            outsideComposites(() => code(inputs, cache)),
          );
  return callable(definition, (inputs) => reading.call(site, inputs));
}

function notBuilt(): never {
  throw new Error("a block was called while it is being built");
}

function weightSpec(
  name: string,
  shape: readonly number[],
  initial: Initial,
  options: WeightOptions | undefined,
  at: Inherited,
): WeightSpec {
  const pretrained = at.pretrained && !options?.new;
  return {
    name,
    shape,
    initial,
    frozen: at.frozen === true || (at.frozen === "pretrained" && pretrained),
    group: options?.role ?? at.group ?? (pretrained ? "pretrained" : "new"),
  };
}

/** The slots among a configuration's fields, by their values. */
function slotsOf(definition: AnyBlock, config: Record<string, unknown>): Map<unknown, SlotSpec> {
  const slots = new Map<unknown, SlotSpec>();
  for (const [field, schema] of Object.entries(definition.config.shape as Record<string, z.ZodType>)) {
    const spec = schema.meta()?.slot as SlotSpec | undefined;
    if (spec && config[field]) slots.set(config[field], spec);
  }
  return slots;
}

/** Calls the block in a slot by the ports of the slot: optional ports that the block lacks are left out, and the order is the slot's. */
function throughSlot(call: AnyCall, spec: SlotSpec | undefined, filling: AnyBlock): AnyCall {
  if (!spec) return call;
  const ports = Object.keys(spec.inputs);
  return (...given) => {
    const inputs = inputsByName(ports, given);
    return call(Object.fromEntries(Object.entries(inputs).filter(([port]) => port in filling.inputs)));
  };
}

/** The block that fills a slot, and its whole configuration: its own, and what the block around gives. */
function fill(
  slot: SlotValue,
  spec: SlotSpec | undefined,
  given: Record<string, unknown>,
  find: BlockLookup,
  around: string,
): { filling: AnyBlock; config: Record<string, unknown> } {
  const filling = find(slot.type);
  if (!filling) {
    throw new FlamingoError(
      "UNKNOWN_BLOCK",
      `a slot of ${around} names the block "${slot.type}", which does not exist`,
      {
        block: around,
        actual: slot.type,
        fix: "name a block of the catalog or of this pipeline",
      },
    );
  }
  const reason = spec && misfit(spec, { ...filling, fields: Object.keys(filling.config.shape) });
  if (reason) {
    throw new FlamingoError("SLOT_MISMATCH", `${slot.type} does not fit the slot of ${around}: it ${reason}`, {
      block: around,
      actual: slot.type,
      fix: "choose another block, or change its ports",
    });
  }
  const taken = Object.entries(given).filter(([field, value]) => field in filling.config.shape && value !== undefined);
  const twice = taken.find(([field, value]) => field in slot.config && slot.config[field] !== value);
  if (twice) {
    const [field, value] = twice;
    const message = `config.${field} of ${slot.type} is ${slot.config[field]}, but ${around} gives it ${value}`;
    throw new FlamingoError("INVALID_CONFIG", message, { block: slot.type, fix: `leave ${field} out in the slot` });
  }
  return { filling, config: { ...slot.config, ...Object.fromEntries(taken) } };
}

/** A block as a function over its inputs by name, or in the order of its ports. */
function callable(
  definition: AnyBlock,
  call: (inputs: Record<string, Value | undefined>) => Record<string, Value>,
): AnyCall {
  const ports = Object.keys(definition.inputs);
  const outputs = Object.keys(definition.outputs);
  return (...given) => {
    const results = call(inputsByName(ports, given));
    return outputs.length === 1 ? results[outputs[0]!] : results;
  };
}

/** The inputs of a call by name, whether it was made by name or by position. */
function inputsByName(ports: readonly string[], given: readonly unknown[]): Record<string, Value | undefined> {
  const first = given[0] as Value | Record<string, Value | undefined>;
  if (first !== undefined && !isValue(first)) return first;
  return Object.fromEntries(given.map((value, at) => [ports[at] ?? `input ${at + 1}`, value as Value | undefined]));
}

function isValue(value: Value | Record<string, Value | undefined>): value is Value {
  return Array.isArray(value.shape);
}

/** The composite whose code is running: operations that are called now belong to it. A global variable, since the code is synchronous. */
let running: Composite | undefined;

/** Runs a primitive's code, whose calls do not belong to the composite around it. */
function outsideComposites<Result>(code: () => Result): Result {
  const outer = running;
  running = undefined;
  try {
    return code();
  } finally {
    running = outer;
  }
}

/** A composite, and the operations that its code calls. */
class Composite {
  readonly #site: CallSite;
  readonly #reading: Reading;
  readonly names = new Set<string>();
  readonly #operations = new Map<string, { site: CallSite; given: Record<string, unknown> }>();
  #calls = new Map<string, number>();

  constructor(site: CallSite, reading: Reading) {
    this.#site = site;
    this.#reading = reading;
  }

  /** Runs the composite's code with this as the place of its operations. */
  run<Result>(code: () => Result): Result {
    const [outer, calls] = [running, this.#calls];
    running = this;
    this.#calls = new Map();
    try {
      return code();
    } finally {
      running = outer;
      this.#calls = calls;
    }
  }

  /** Calls an operation. Each call in the code has a place of its own, the same one each time the code runs. */
  call(definition: AnyBlock, given: Record<string, unknown>, inputs: Record<string, Value | undefined>) {
    const call = (this.#calls.get(definition.name) ?? 0) + 1;
    this.#calls.set(definition.name, call);
    const key = `${definition.name} ${call}`;
    let known = this.#operations.get(key);
    if (!known || !sameFields(known.given, given)) {
      const path = join(this.#site.path, this.#nameOf(definition.name, call));
      known = { given, site: operationSite(definition, given, path, this.#site) };
      this.#operations.set(key, known);
    }
    return this.#reading.call(known.site, inputs);
  }

  #nameOf(block: string, call: number): string {
    const base = block.replace(/(?<=[a-z0-9])[A-Z]/g, "_$&").toLowerCase();
    let name = call === 1 ? base : `${base}_${call}`;
    // A child of this name, or one below it, has the name already.
    while (this.names.has(name) || [...this.names].some((child) => child.startsWith(`${name}.`))) name = `${name}_op`;
    return name;
  }
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const [left, right] = [Object.keys(a), Object.keys(b)];
  return left.length === right.length && left.every((key) => a[key] === b[key]);
}

function operationSite(
  definition: AnyBlock,
  given: Record<string, unknown>,
  path: string,
  parent?: CallSite,
): CallSite {
  const config = parseConfig(definition, given) as Record<string, unknown>;
  const code = definition.build(config, {
    child: () => refuseParts(definition),
    weight: () => refuseParts(definition),
    path,
    frozen: false,
  }) as (inputs: unknown, cache?: unknown) => unknown;
  const outputs = Object.keys(definition.outputs);
  return {
    definition,
    config,
    path,
    options: {},
    parent,
    forward: (inputs, cache) => named(outputs, code(inputs, cache)),
  };
}

function refuseParts({ name }: AnyBlock): never {
  throw new Error(`${name} has weights or children, so it cannot be called as an operation`);
}

/**
 * A block without weights as a function for the code of composites: `add(x, update)`. It is recorded by a trace like a child, with an
 * id made of its name. Outside any block it computes at once.
 */
export function operation<C extends z.ZodObject, I extends Ports, O extends Ports>(
  definition: BlockDefinition<C, I, O>,
): Operation<C, I, O> {
  const within = (config: Record<string, unknown>) =>
    callable(definition, (inputs) =>
      running ? running.call(definition, config, inputs) : operationSite(definition, config, "").forward(inputs),
    );
  const plain = within({});
  return Object.assign((...inputs: unknown[]) => plain(...inputs), { with: within }) as unknown as Operation<C, I, O>;
}

/** An operation: called with values, or first `with` a configuration. */
export interface Operation<C extends z.ZodObject, I extends Ports, O extends Ports> extends Call<I, O, Value> {
  with(config: z.input<C>): Call<I, O, Value>;
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

/** Far beyond any size that a model or a run has; what is larger is a slip, and would never end. */
const mostCounted = 1e9;
/** Of what is made one by one: the largest language models have a few hundred layers and heads. */
const [mostLayers, mostHeads] = [2000, 2000];

/** A configuration field that counts layers. */
export function layerCount(title: string, description: string) {
  return count(title, description, undefined, mostLayers);
}

/** A configuration field that counts heads of attention. */
export function headCount(title: string, description: string) {
  return count(title, description, undefined, mostHeads);
}

/** A configuration field that counts something: an integer above zero, with its title, description and unit. */
export function count(title: string, description: string, unit?: string, most = mostCounted) {
  return z
    .int()
    .positive()
    .max(most)
    .meta({ title, description, ...(unit ? { unit } : {}) });
}

export type { Port, SlotSpec };
