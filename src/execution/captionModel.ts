import type { AttentionFrame } from "../channels/attention.ts";
import { FlamingoError } from "../core/errors.ts";
import { Picture } from "../data/picture.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { assignNumbers, type WeightData, type Weights } from "../engine/readings/weights.ts";
import { captionGreedily } from "../evaluation/generate.ts";
import { type FramingTokens, framed, wordTargets } from "../evaluation/prompt.ts";
import { scoreTokens } from "../evaluation/score.ts";
import { AttentionWatch } from "../inspection/attention.ts";
import { compile } from "../pipeline/compile.ts";
import type { Pipeline } from "../pipeline/schema.ts";
import type { RecordSink } from "../runs/record.ts";
import { captionAttention } from "./captionAttention.ts";
import { captioningNode } from "./evaluateRun.ts";
import type { Graph } from "./graph.ts";
import { GraphCaptioner } from "./graphCaptioner.ts";
import { prepareGraph } from "./prepare.ts";
import { catalog, findSource } from "./registry.ts";

/** A token and how likely it is to come next. */
export interface NextWord {
  word: string;
  probability: number;
}

/** A tanh gate of a trained model. */
export interface GateValue {
  name: string;
  /** tanh of its weight. */
  value: number;
}

/** What the words of captions look at, with the pictures that they are about. */
export interface CaptionAttention {
  frame: AttentionFrame;
  /** PNG files, by the number that the frame gives the pictures. */
  pngs: Uint8Array[];
}

/** Words at which a caption is cut off. */
const longest = 16;

/**
 * A trained Flamingo to play with: it captions pictures, says how likely words are with a picture and without, shows what
 * they look at, and lets its gates be turned.
 *
 * @example
 * const model = await pretrainedCaptioner();
 * const picture = await drawing("red heart");
 * await model.caption(picture);               // "red heart"
 * await model.logLikelihood("red heart");     // without a picture, nats a word
 */
export class CaptionModel {
  readonly pipeline: Pipeline;
  /** Side of the pictures that it takes. */
  readonly imageSize: number;
  readonly tokenizer: Tokenizer;
  readonly #graph: Graph;
  readonly #captioner: GraphCaptioner;
  readonly #tokens: FramingTokens;
  /** The gates' weights as they were trained. */
  readonly #gates = new Map<string, number>();

  private constructor(pipeline: Pipeline, graph: Graph, node: string, source: string) {
    const { type, config } = graph.node(source);
    this.pipeline = pipeline;
    this.imageSize = Number(config.imageSize);
    this.tokenizer = findSource(type)!.tokenizer!();
    const { pad, bos, image, endOfChunk } = this.tokenizer.special;
    this.#tokens = { pad, bos, image, endOfChunk };
    this.#graph = graph;
    this.#captioner = new GraphCaptioner(graph, node, source, this.imageSize);
  }

  /**
   * Makes a pipeline's model on the device that is open.
   * @param weights by full name (`resampler.latents`): what was trained; the rest is what the nodes were pretrained with
   * @throws FlamingoError INVALID_PIPELINE if it is none that captions; INVALID_WEIGHTS
   */
  static async open(
    pipeline: Pipeline,
    weights: ReadonlyMap<string, WeightData>,
    origin: string,
    { seed = 0, log = { append: () => {} } as RecordSink } = {},
  ): Promise<CaptionModel> {
    const graph = await prepareGraph(compile(pipeline, catalog), seed, log);
    try {
      const node = captioningNode(graph).inputs.logits!.node;
      const source = graph.sourcesOf(node).find(({ type, config }) => findSource(type)?.tokenizer && config.imageSize);
      if (!source) {
        const fix = "use a pipeline that reads Emoji documents or an image folder";
        throw new FlamingoError("INVALID_PIPELINE", `"${pipeline.name}" reads no pictures with words`, { fix });
      }
      graph.weights.load(weights, "", origin);
      const model = new CaptionModel(pipeline, graph, node, source.id);
      await model.#rememberGates();
      return model;
    } catch (error) {
      graph.weights.dispose();
      throw error;
    }
  }

  /** All weights: those that are frozen and those that were trained. */
  get weights(): Weights {
    return this.#graph.weights;
  }

  /** What it says of a picture. */
  async caption(picture: Picture): Promise<string> {
    return (await this.captions([picture]))[0]!;
  }

  /** What it says of pictures, in their order; all are looked at together. */
  async captions(pictures: readonly Picture[]): Promise<string[]> {
    if (pictures.length === 0) return [];
    const seen = this.#captioner.look(this.#pixels(pictures), pictures.length);
    try {
      const captions = await captionGreedily(this.#captioner, seen, this.#tokens, longest);
      return captions.map((words) => this.tokenizer.decode(words));
    } finally {
      seen.dispose();
    }
  }

  /**
   * How likely a text is, in nats a word (the mean of log p), with a picture, or by the language model alone without one.
   * @throws FlamingoError INVALID_DATA if a word is not in the vocabulary
   */
  async logLikelihood(text: string, picture?: Picture): Promise<number> {
    const words = this.#encode(text);
    const targets = picture
      ? wordTargets(words, words.length + 2)
      : Int32Array.from([...words, -100].slice(0, words.length + 1));
    const { numbers, length, width } = await this.#logits(words, picture);
    const tokens = picture ? width : this.tokenizer.pretrained;
    const { sums, counts } = scoreTokens(numbers, [1, length, width], targets, tokens);
    return sums[0]! / Math.max(1, counts[0]!);
  }

  /** The likeliest next words after the beginning of a caption, with a picture, or by the language model alone. */
  async nextWords(picture?: Picture, { after = "", most = 8 } = {}): Promise<NextWord[]> {
    const words = this.#encode(after);
    const { numbers, width } = await this.#logits(words, picture);
    const at = (words.length + (picture ? 1 : 0)) * width;
    const count = picture ? width : this.tokenizer.pretrained;
    const scores = numbers.subarray(at, at + count);
    const top = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const sum = scores.reduce((total, score) => total + Math.exp(score - top), 0);
    return [...scores]
      .map((score, id) => ({ word: this.tokenizer.word(id), probability: Math.exp(score - top) / sum }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, most);
  }

  /**
   * What each word of a caption looks at in its picture, through gated layers and resampler.
   * @param texts the captions; the model's own unless told
   * @throws FlamingoError INVALID_PIPELINE if the model has no resampler or no gated layers
   */
  async attention(pictures: Picture | readonly Picture[], texts?: readonly string[]): Promise<CaptionAttention> {
    const list = pictures instanceof Picture ? [pictures] : pictures;
    const watch = new AttentionWatch(this.#graph.placedBlocks());
    const captioner = this.#captioner;
    const seen = this.#graph.watched(watch.probes, () => captioner.look(this.#pixels(list), list.length));
    try {
      const captions =
        texts?.map((text) => this.#encode(text)) ?? (await captionGreedily(captioner, seen, this.#tokens, longest));
      const model = { graph: this.#graph, captioner, tokenizer: this.tokenizer, tokens: this.#tokens };
      const labels = list.map(({ label }) => label ?? "");
      const frame = await captionAttention(model, watch, seen, captions, labels);
      if (frame) return { frame: { step: 0, ...frame }, pngs: await Promise.all(list.map((picture) => picture.png())) };
      throw new FlamingoError("INVALID_PIPELINE", `"${this.pipeline.name}" has no attention that could be drawn`, {
        fix: "use a model with a resampler and gated layers over a square grid of features",
      });
    } finally {
      watch.dispose();
      seen.dispose();
    }
  }

  /** tanh of every gate, from the first layer to the last. */
  async gates(): Promise<GateValue[]> {
    return Promise.all(
      this.#gateWeights().map(async ({ name, variable }) => ({ name, value: Math.tanh((await variable.data())[0]!) })),
    );
  }

  /** Turns all gates: at 0 they are closed and the pictures are out, at 1 they are as they were trained. */
  turnGates(factor: number): void {
    for (const { name, shape, variable } of this.#gateWeights()) {
      const opened = Math.max(-1 + 1e-6, Math.min(1 - 1e-6, factor * Math.tanh(this.#gates.get(name)!)));
      const weight = factor === 1 ? this.#gates.get(name)! : Math.atanh(opened);
      assignNumbers(variable, { shape, data: Float32Array.of(weight) });
    }
  }

  /** Gives its memory on the device back. */
  dispose(): void {
    this.#graph.weights.dispose();
  }

  async #rememberGates(): Promise<void> {
    for (const { name, variable } of this.#gateWeights()) this.#gates.set(name, (await variable.data())[0]!);
  }

  #gateWeights() {
    return this.#graph.weights.all().filter(({ role }) => role === "gate");
  }

  #pixels(pictures: readonly Picture[]): Float32Array {
    const each = this.imageSize * this.imageSize * 3;
    const all = new Float32Array(pictures.length * each);
    pictures.forEach(({ pixels, size }, index) => {
      if (size !== this.imageSize) {
        throw new FlamingoError("SHAPE_MISMATCH", `a picture has side ${size}, and the model takes ${this.imageSize}`, {
          expected: this.imageSize,
          actual: size,
          fix: `read it with size ${this.imageSize}`,
        });
      }
      all.set(pixels, index * each);
    });
    return all;
  }

  #encode(text: string): number[] {
    const unknown = this.tokenizer.unknown(text);
    if (unknown.length === 0) return this.tokenizer.encode(text);
    throw new FlamingoError("INVALID_DATA", `the model does not know the word "${unknown[0]}"`, {
      actual: unknown[0],
      fix: "use words of its vocabulary: model.tokenizer.words",
    });
  }

  /** Logits of `<bos><image> words <|endofchunk|>` with a picture, of `<bos> words` without. */
  async #logits(
    words: readonly number[],
    picture: Picture | undefined,
  ): Promise<{ numbers: Float32Array; length: number; width: number }> {
    const seen = picture && this.#captioner.look(this.#pixels([picture]), 1);
    try {
      const ids = seen ? framed(words, words.length + 2, this.#tokens) : Int32Array.from([this.#tokens.bos, ...words]);
      const logits = seen ? this.#captioner.logits(seen, [0], ids) : this.#captioner.alone(ids, 1);
      if (!logits) {
        throw new FlamingoError("INVALID_PIPELINE", `"${this.pipeline.name}" has no language model that runs alone`, {
          fix: "give a picture",
        });
      }
      const numbers = (await logits.data()) as Float32Array;
      const [, length, width] = logits.shape as [number, number, number];
      logits.dispose();
      return { numbers, length, width };
    } finally {
      seen?.dispose();
    }
  }
}
