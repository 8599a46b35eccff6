import type { z } from "zod";
import type { Spec } from "../core/block.ts";
import type { Ports } from "../core/port.ts";
import type { ImageTextDataset } from "./dataset.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Numbers on their way to a tensor. */
export interface HostTensor {
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

/** How a source tells what it does while it opens. */
export interface SourceContext {
  seed: number;
  /** Folder for what can be made again, such as rendered drawings. */
  cache: string;
  /** Tells how far it is: `rendering drawings`, 120 of 4648. */
  progress(activity: string, step: number, total: number): void;
  /** Tells a person something that is no failure, such as which pictures were skipped. */
  warn(message: string): void;
}

/** A source that is ready to give batches. */
export interface OpenSource {
  /** Batch number `index` by output port: a pure function of the seed and the index, so that a resumed run sees the same. */
  batch(index: number): Record<string, HostTensor>;
  /** The pictures and words behind it, where it is about pictures and words: for samples, evaluation and generation. */
  dataset?: ImageTextDataset;
}

/** A node that gives data. */
export interface SourceDefinition<C extends z.ZodObject = z.ZodObject, O extends Ports = Ports>
  extends Spec<C, Ports, O> {
  kind: "source";
  example: z.input<C>;
  /** Its vocabulary, for those who need no data: a trained model that captions. */
  tokenizer?(): Tokenizer;
  open(config: z.output<C>, context: SourceContext): Promise<OpenSource>;
}

/** Defines a source of data. */
export function defineSource<C extends z.ZodObject, O extends Ports>(
  definition: Omit<SourceDefinition<C, O>, "kind" | "inputs">,
): SourceDefinition<C, O> {
  return { ...definition, kind: "source", inputs: {} };
}
