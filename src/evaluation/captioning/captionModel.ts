import type { AttentionFrame } from "../../channels/attention.ts";
import { FlamingoError } from "../../core/errors.ts";
import type { Image } from "../../data/image.ts";
import type { Media } from "../../data/media.ts";
import type { TextTokenizer } from "../../data/tokenizer.ts";
import { assignNumbers, type Weights } from "../../engine/readings/weights.ts";
import { AttentionWatch } from "../../inspection/attention.ts";
import { type Intervention, interventionEdits } from "../../inspection/interventions.ts";
import type { Pipeline } from "../../pipeline/schema.ts";
import { imageImportance } from "../imageImportance.ts";
import { type LensLayer, logitLens } from "../logitLens.ts";
import type { Prompt } from "../prompt.ts";
import type { PromptModel } from "../promptModel.ts";
import { meanScore } from "../score.ts";
import { captionAttention } from "./captionAttention.ts";
import { type Explanation, explainCaption } from "./explanation.ts";
import { likeliestNext, type NextToken } from "./likeliestNext.ts";

/** A tanh gate of a trained model. */
export interface GateValue {
  name: string;
  /** tanh of its weight. */
  value: number;
}

/** What the tokens of captions attend to, with the images that they are about. */
export interface CaptionAttention {
  frame: AttentionFrame;
  /** PNG files, by the number that the frame gives the images. */
  pngs: Uint8Array[];
}

/** Tokens at which a caption is cut off. */
const longest = 64;

/**
 * A trained Flamingo to play with: it captions images, says how likely texts are with an image and without, shows what its
 * tokens attend to, and lets its gates be turned.
 *
 * @example
 * const model = await pretrainedCaptioner();
 * const image = await drawing("red heart");
 * await model.caption(image);                 // "red heart"
 * await model.logLikelihood("red heart");     // without an image, nats a token
 */
export class CaptionModel {
  readonly pipeline: Pipeline;
  /** Side of the images that it takes. */
  readonly imageSize: number;
  readonly tokenizer: TextTokenizer;
  /** All weights: those that are frozen and those that were trained. */
  readonly weights: Weights;
  readonly #model: PromptModel;
  /** The gates' weights as they were trained. */
  readonly #gates: ReadonlyMap<string, number>;
  /** What is changed in it while it computes; undefined for a model that owns its weights. */
  readonly #intervention: Intervention | undefined;

  private constructor(parts: CaptionModelParts, gates: ReadonlyMap<string, number>, intervention?: Intervention) {
    this.pipeline = parts.pipeline;
    this.imageSize = parts.imageSize;
    this.tokenizer = parts.tokenizer;
    this.weights = parts.weights;
    this.#model = parts.model;
    this.#gates = gates;
    this.#intervention = intervention;
  }

  static async of(parts: CaptionModelParts): Promise<CaptionModel> {
    const gates = gatesOf(parts.weights).map(
      async ({ name, variable }) => [name, (await variable.data())[0]!] as const,
    );
    return new CaptionModel(parts, new Map(await Promise.all(gates)));
  }

  /** What it says of an image. */
  async caption(image: Image): Promise<string> {
    return (await this.captions([image]))[0]!;
  }

  /** What it says of images or videos, in their order; all are encoded together. */
  async captions(images: readonly Media[]): Promise<string[]> {
    this.#checkSizes(images);
    try {
      const captions = await this.#model.generate(
        images.map((image) => [image]),
        { most: longest },
      );
      return captions.map(({ text }) => text);
    } finally {
      this.#model.release();
    }
  }

  /**
   * How likely a text is, in nats a token (the mean of log p), with an image, or by the language model alone without one.
   * @throws FlamingoError INVALID_DATA if a word is not in the vocabulary
   */
  async logLikelihood(text: string, image?: Image): Promise<number> {
    const prompt = this.#promptOf(image);
    try {
      const [score] = await this.#model.logLikelihoods([{ prompt, text: this.#encode(text) }]);
      return meanScore(score!);
    } finally {
      this.#model.release();
    }
  }

  /**
   * The same of several texts, each with its image, read together; undefined for a text that has a word which is not in the
   * vocabulary.
   */
  async logLikelihoods(texts: readonly string[], images: readonly Media[]): Promise<(number | undefined)[]> {
    this.#checkSizes(images);
    const known = texts.flatMap((text, at) => (this.tokenizer.unknown(text).length === 0 ? [at] : []));
    try {
      const asked = known.map((at) => ({ prompt: [images[at]!], text: texts[at]! }));
      const scores = await this.#model.logLikelihoods(asked);
      return texts.map((_, at) => (known.includes(at) ? meanScore(scores[known.indexOf(at)]!) : undefined));
    } finally {
      this.#model.release();
    }
  }

  /** The likeliest next tokens after the beginning of a caption, with an image, or by the language model alone. */
  async nextTokens(image?: Image, { after = "", most = 8 } = {}): Promise<NextToken[]> {
    const prompt = [...this.#promptOf(image), ...(after === "" ? [] : [this.#encode(after)])];
    try {
      const logits = await this.#model.logits([prompt]);
      const among = image ? logits.shape[2]! : this.tokenizer.pretrained;
      const [next] = await likeliestNext(logits, [logits.shape[1]! - 1], this.tokenizer, { most, among });
      logits.dispose();
      return next!;
    } finally {
      this.#model.release();
    }
  }

  /**
   * What each token of a caption attends to in its image, through gated layers and resampler.
   * @param texts the captions; the model's own by default
   * @throws FlamingoError INVALID_PIPELINE if the model has no resampler or no gated layers
   */
  async attention(images: Image | readonly Image[], texts?: readonly string[]): Promise<CaptionAttention> {
    const list = Array.isArray(images) ? (images as readonly Image[]) : [images as Image];
    this.#checkSizes(list);
    const watch = new AttentionWatch(this.#model.blocks);
    try {
      this.#model.encode(list, watch.probes);
      const prompts = list.map((image) => [image]);
      const captions =
        texts?.map((text) => this.#encode(text)) ??
        (await this.#model.generate(prompts, { most: longest })).map(({ tokens }) => tokens);
      const labels = list.map(({ label }) => label ?? "");
      const frame = await captionAttention(this.#model, watch, list, captions, labels, this.#intervention?.gates);
      if (frame) return { frame: { step: 0, ...frame }, pngs: await Promise.all(list.map((image) => image.png())) };
      throw new FlamingoError("INVALID_PIPELINE", `"${this.pipeline.name}" has no attention that could be drawn`, {
        fix: "use a model with a resampler and gated layers over a square grid of features",
      });
    } finally {
      watch.dispose();
      this.#model.release();
    }
  }

  /**
   * Follows one image through the model, stage by stage: features, visual tokens, attention, gates, next tokens.
   * @param about its number and label in the attention frame
   * @throws FlamingoError INVALID_PIPELINE if the model has no resampler or no gated layers
   */
  async explain(image: Media, about: { image?: number; label?: string } = {}): Promise<Explanation> {
    this.#checkSizes([image]);
    try {
      const { image: number = 0, label = "" } = about;
      return await explainCaption(this.#model, image, {
        ...{ image: number, label, longest },
        gates: this.#intervention?.gates,
      });
    } finally {
      this.#model.release();
    }
  }

  /**
   * How likely the tokens of a text would be if the language model ended after each of its layers: the logit lens, with an image or
   * without one.
   * @throws FlamingoError INVALID_DATA if a word is not in the vocabulary
   */
  async logitLens(text: string, image?: Image): Promise<LensLayer[]> {
    const prompt = this.#promptOf(image);
    try {
      const [layers] = await logitLens(this.#model, [{ prompt, text: this.#encode(text) }]);
      return layers!;
    } finally {
      this.#model.release();
    }
  }

  /**
   * How much each image of a prompt matters for each token of a text that follows: by how many nats the token is less likely where
   * no token attends to the image. Returns [images][tokens].
   *
   * @example
   * await model.imageImportance([cat, "a cat", dog], "a dog") // the second image should matter, the first should not
   * @throws FlamingoError INVALID_DATA if a word is not in the vocabulary
   */
  async imageImportance(prompt: readonly (Image | string)[], text: string): Promise<number[][]> {
    const items: Prompt = prompt.map((item) => (typeof item === "string" ? this.#encode(item) : item));
    this.#checkSizes(prompt.filter((item) => typeof item !== "string"));
    try {
      return await imageImportance(this.#model, { prompt: items, text: this.#encode(text) });
    } finally {
      this.#model.release();
    }
  }

  /**
   * The same model with something changed inside: gates at other values, layers or heads left out, images that no token attends to.
   * Captions, log-likelihoods and attention of what it returns are those of the changed model. Both share their weights, which stay as
   * they are; an intervention by the model's own values changes no bit.
   *
   * @example
   * const [gate] = await model.gates();
   * const closed = await model.intervene({ gates: { [gate.name]: 0 } });
   * await closed.caption(image);
   * @throws FlamingoError NOT_FOUND for what the model has not; USAGE for a value that no tanh has
   */
  async intervene(intervention: Intervention): Promise<CaptionModel> {
    const edits = await interventionEdits(intervention, this.weights.all(), this.#model.blocks);
    const { pipeline, imageSize, tokenizer, weights } = this;
    const parts = { pipeline, imageSize, tokenizer, weights, model: this.#model.edited(edits) };
    const gates = { ...this.#intervention?.gates, ...intervention.gates };
    return new CaptionModel(parts, this.#gates, { ...intervention, gates });
  }

  /** tanh of every gate, from the first layer to the last. */
  async gates(): Promise<GateValue[]> {
    return Promise.all(
      gatesOf(this.weights).map(async ({ name, variable }) => ({
        name,
        value: this.#intervention?.gates?.[name] ?? Math.tanh((await variable.data())[0]!),
      })),
    );
  }

  /** Turns all gates: at 0 they are closed and images have no effect, at 1 they are as they were trained. */
  turnGates(factor: number): void {
    for (const { name, shape, variable } of gatesOf(this.weights)) {
      const opened = Math.max(-1 + 1e-6, Math.min(1 - 1e-6, factor * Math.tanh(this.#gates.get(name)!)));
      const weight = factor === 1 ? this.#gates.get(name)! : Math.atanh(opened);
      assignNumbers(variable, { shape, data: Float32Array.of(weight) });
    }
  }

  /** Gives its memory on the device back; what `intervene` returned has none of its own. */
  dispose(): void {
    if (!this.#intervention) this.weights.dispose();
  }

  #promptOf(image: Image | undefined): Image[] {
    if (!image) return [];
    this.#checkSizes([image]);
    return [image];
  }

  #checkSizes(images: readonly Media[]): void {
    const wrong = images.find(({ size }) => size !== this.imageSize);
    if (!wrong) return;
    throw new FlamingoError(
      "SHAPE_MISMATCH",
      `an image has side ${wrong.size}, and the model takes ${this.imageSize}`,
      {
        expected: this.imageSize,
        actual: wrong.size,
        fix: `read it with size ${this.imageSize}`,
      },
    );
  }

  #encode(text: string): number[] {
    const unknown = this.tokenizer.unknown(text);
    if (unknown.length === 0) return this.tokenizer.encode(text);
    throw new FlamingoError("INVALID_DATA", `the model does not know the word "${unknown[0]}"`, {
      actual: unknown[0],
      fix: "use other words: it knows those of emoji alone",
    });
  }
}

/** What a caption model is made of. */
export interface CaptionModelParts {
  pipeline: Pipeline;
  imageSize: number;
  tokenizer: TextTokenizer;
  weights: Weights;
  model: PromptModel;
}

function gatesOf(weights: Weights) {
  return weights.all().filter(({ group }) => group === "gate");
}
