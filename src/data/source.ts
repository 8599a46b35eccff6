import type { z } from "zod";
import type { Spec } from "../core/block.ts";
import type { Findings } from "../core/findings.ts";
import type { Ports } from "../core/port.ts";
import type { EvaluationSet, Example } from "./evaluationSet.ts";
import type { TextTokenizer } from "./tokenizer.ts";

/** Numbers on their way to a tensor. */
export interface HostTensor {
  shape: readonly number[];
  data: Float32Array | Int32Array;
  /** The identities of images that recur unchanged, by which features are cached. */
  names?: ImageNames;
}

/** Names of images: the same number for the same pixels, at any time in the run. */
export interface ImageNames {
  /** One for each image, in order. */
  each: readonly number[];
  /** How many names there are; each is below it. */
  of: number;
}

/** What a source gives at a time, by output port. */
export type Batch = Record<string, HostTensor>;

/** How a source tells what it does while it opens. */
export interface SourceContext {
  seed: number;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
  /** Tells how far it is: `rendering drawings`, 120 of 4648. */
  progress(activity: string, step: number, total: number): void;
  /** Tells a person something that is no failure, such as which images were skipped. */
  warn(message: string): void;
}

/** What a batch depends on besides its index. Plain data, so that it can be sent to another thread. */
export interface SourceState<C = unknown, S = unknown> {
  /** The source's name. */
  source: string;
  config: C;
  /** What `read` gave: the examples. Pixels are in shared memory, so that another thread needs no copy. */
  data: S;
  seed: number;
}

/** A source that is ready to give batches. */
export interface OpenSource {
  state: SourceState;
  /** Batch number `index`: a pure function of the seed and the index, so that a resumed run sees the same. */
  batch(index: number): Batch;
  /** How its texts become token ids, where it gives texts. */
  tokenizer?: TextTokenizer;
  /** Held-out examples that are shown again and again while a model is trained. */
  samples?: readonly Example[];
  evaluationSets?: readonly EvaluationSet[];
}

/** A node that gives data. */
export interface SourceDefinition<C extends z.ZodObject = z.ZodObject, O extends Ports = Ports>
  extends Spec<C, Ports, O> {
  kind: "source";
  example: z.input<C>;
  /** Its tokenizer, for those who need no data: a trained model that captions. */
  tokenizer?(config: z.output<C>): TextTokenizer;
  /**
   * What it would read, looked at without reading it whole, for those who write its configuration.
   * @throws FlamingoError as opening it does
   */
  findings?(config: z.output<C>): Promise<Findings>;
  open(config: z.output<C>, context: SourceContext): Promise<OpenSource>;
  /** The batch of a number, in whatever thread. */
  batch(state: SourceState<z.output<C>>, index: number): Batch;
}

/** A source as it is written: what it reads once, and how it makes a batch from that. */
interface SourceInput<C extends z.ZodObject, O extends Ports, S>
  extends Omit<SourceDefinition<C, O>, "kind" | "inputs" | "open" | "batch"> {
  read(
    config: z.output<C>,
    context: SourceContext,
  ): Promise<{ data: S } & Pick<OpenSource, "samples" | "evaluationSets">>;
  batch(state: SourceState<z.output<C>, S>, index: number): Batch;
}

/** Defines a source of data. */
export function defineSource<C extends z.ZodObject, O extends Ports, S>(
  definition: SourceInput<C, O, S>,
): SourceDefinition<C, O> {
  const { read, batch, ...spec } = definition;
  return {
    ...spec,
    kind: "source",
    inputs: {},
    batch: batch as SourceDefinition<C, O>["batch"],
    async open(config, context) {
      const { data, ...heldOut } = await read(config, context);
      const state = { source: spec.name, config, data, seed: context.seed };
      const tokenizer = spec.tokenizer?.(config);
      return { state, batch: (index) => batch(state, index), ...(tokenizer && { tokenizer }), ...heldOut };
    },
  };
}
