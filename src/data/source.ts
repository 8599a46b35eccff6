import type { z } from "zod";
import type { Spec } from "../core/block.ts";
import type { Findings } from "../core/findings.ts";
import type { Ports } from "../core/port.ts";
import type { EvaluationSet, Example } from "./evaluationSet.ts";
import type { BadSamples, SkippedSample } from "./shards/badSamples.ts";
import type { TextTokenizer } from "./tokenizer.ts";
import type { FindTokenizer } from "./tokenizerOrigin.ts";

/** Numbers on their way to a tensor. */
export interface HostTensor {
  shape: readonly number[];
  data: Float32Array | Int32Array;
  /** The identities of images that recur unchanged, by which features are cached. */
  names?: ImageNames;
  /** Bad samples in whose place others stand. */
  skipped?: readonly SkippedSample[];
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
/** A batch as a source gives it: a source that reads files as it goes needs time. */
type Given = Batch | Promise<Batch>;

/** How a source tells what it does while it opens. */
export interface SourceContext {
  seed: number;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
  /** Tells how far it is: `rendering drawings`, 120 of 4648. */
  progress(activity: string, step: number, total: number): void;
  /** Tells a person something that is no failure, such as which images were skipped. */
  warn(message: string): void;
  /** Finds the tokenizers that configurations name; those that come with the studio by default. */
  findTokenizer?: FindTokenizer | undefined;
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
export interface OpenSource<B extends Given = Given> {
  state: SourceState;
  /** Batch number `index`: a pure function of the seed and the index, so that a resumed run sees the same. */
  batch(index: number): B;
  /** Counts the bad samples of what is read from outside. */
  badSamples?: BadSamples;
  /** How its texts become token ids, where it gives texts. */
  tokenizer?: TextTokenizer;
  /** Held-out examples that are shown again and again while a model is trained. */
  samples?: readonly Example[];
  evaluationSets?: readonly EvaluationSet[];
}

/** A node that gives data. */
export interface SourceDefinition<C extends z.ZodObject = z.ZodObject, O extends Ports = Ports, B extends Given = Given>
  extends Spec<C, Ports, O> {
  kind: "source";
  example: z.input<C>;
  /** Its tokenizer, for those who need no data: a trained model that captions. */
  tokenizer?(config: z.output<C>, find?: FindTokenizer): TextTokenizer;
  /**
   * What it would read, looked at without reading it whole, for those who write its configuration.
   * @throws FlamingoError as opening it does
   */
  findings?(config: z.output<C>, find?: FindTokenizer): Promise<Findings>;
  open(config: z.output<C>, context: SourceContext): Promise<OpenSource<B>>;
  /** The batch of a number, in whatever thread. */
  batch(state: SourceState<z.output<C>>, index: number): B;
}

/** A source as it is written: what it reads once, and how it makes a batch from that. */
interface SourceInput<C extends z.ZodObject, O extends Ports, S, B extends Given>
  extends Omit<SourceDefinition<C, O, B>, "kind" | "inputs" | "open" | "batch"> {
  read(
    config: z.output<C>,
    context: SourceContext,
  ): Promise<{ data: S } & Pick<OpenSource, "samples" | "evaluationSets" | "badSamples">>;
  batch(state: SourceState<z.output<C>, S>, index: number): B;
}

/** Defines a source of data. */
export function defineSource<C extends z.ZodObject, O extends Ports, S, B extends Given>(
  definition: SourceInput<C, O, S, B>,
): SourceDefinition<C, O, B> {
  const { read, batch, ...spec } = definition;
  return {
    ...spec,
    kind: "source",
    inputs: {},
    batch: batch as SourceDefinition<C, O, B>["batch"],
    async open(config, context) {
      const { data, ...found } = await read(config, context);
      const state = { source: spec.name, config, data, seed: context.seed };
      const tokenizer = spec.tokenizer?.(config, context.findTokenizer);
      return { state, batch: (index) => batch(state, index), ...(tokenizer && { tokenizer }), ...found };
    },
  };
}
