import type { AttentionFrame } from "../../channels/attention.ts";
import { placeName } from "../../channels/place.ts";
import { FlamingoError } from "../../core/errors.ts";
import type { Media } from "../../data/media.ts";
import type { Probe } from "../../engine/readings/eager.ts";
import { keep, type Tensor } from "../../engine/tensor.ts";
import { AttentionWatch } from "../../inspection/attention.ts";
import { interventionEdits } from "../../inspection/interventions.ts";
import type { PlacedBlock } from "../../inspection/placedBlocks.ts";
import type { Prompt } from "../prompt.ts";
import type { PromptModel } from "../promptModel.ts";
import { captionAttention } from "./captionAttention.ts";
import { likeliest, type NextToken, nextProbabilities, nextToken } from "./likeliestNext.ts";

/** What a gate adds to the residual stream of each token: L2 norms, from the `<image>` tag on. */
export interface ExplainedGate {
  /** Name of its weight. */
  name: string;
  /** Type of the block whose output passes it: `MaskedCrossAttention`. */
  update: string;
  before: number[];
  /** Of the update, before the gate. */
  updates: number[];
  after: number[];
}

/** How one image becomes a caption, stage by stage. */
export interface Explanation {
  caption: string;
  /** The attention of the one image; its tokens are those that all that follows is told of. */
  frame: Omit<AttentionFrame, "step" | "document">;
  /** Shape of its pixels: frames, side, side, colours. */
  pixels: number[];
  /** Shape of the features of the image, and the norm of each: frames · features. */
  features: { shape: number[]; norms: number[] };
  /** Shape of its visual tokens, as the language model gets them. */
  media: number[];
  /** In the order in which they are passed. */
  gates: ExplainedGate[];
  /** After each token the likeliest next ones; `masked` is the probability of the same token where no token attends to the image. */
  next: (NextToken & { masked: number })[][];
  /** After each token the likeliest next one where no token attends to the image. */
  masked: NextToken[];
}

/** Next tokens that are told of. */
const most = 6;

/**
 * Follows one image through a model: features, visual tokens, attention, gates, next tokens.
 *
 * @param longest tokens at which the caption is cut off
 * @param gates tanh of gates that are not at their own value, by name
 * @throws FlamingoError INVALID_PIPELINE for a model without a resampler and fusion layers over a square grid of features
 */
export async function explainCaption(
  model: PromptModel,
  image: Media,
  about: { image: number; label: string; longest: number; gates?: Readonly<Record<string, number>> | undefined },
): Promise<Explanation> {
  const watch = new AttentionWatch(model.blocks);
  const readings = new Readings(model.blocks);
  const blind = model.edited(await interventionEdits({ masked: [0] }, model.weights.all(), model.blocks));
  try {
    model.encode(
      [image],
      [...watch.probes, ...readings.of("PerceiverResampler", { features: "input", media: "output" })],
    );
    const [said] = await model.generate([[image]], { most: about.longest });
    const { tokens, text } = said!;
    const frame = await captionAttention(model, watch, [image], [tokens], [about.label], about.gates);
    if (!frame)
      throw new FlamingoError(
        "INVALID_PIPELINE",
        "the model has no attention from tokens to patches that could be followed",
        {
          fix: "use a model with a Perceiver Resampler and gated layers over a square grid of features",
        },
      );
    const prompt: Prompt = [image, tokens];
    const ofGates = readings.of("TanhGate", { x: "input", update: "input", y: "output" });
    const seen = await nextOf(model, prompt, ofGates);
    const unseen = await nextOf(blind, prompt);
    const { tokenizer } = model;
    const [features, media] = [readings.first("features"), readings.first("media")];
    return {
      caption: text,
      frame: { ...frame, images: frame.images.map((each) => ({ ...each, image: about.image })) },
      pixels: [image.frames, image.size, image.size, 3],
      features: { shape: features.shape.slice(2), norms: await rowNorms(features) },
      media: media.shape.slice(2),
      gates: await readings.gates(),
      next: seen.map((all, at) =>
        likeliest(all, most).map((id) => ({ ...nextToken(all, id, tokenizer), masked: unseen[at]![id]! })),
      ),
      masked: unseen.map((all) => nextToken(all, likeliest(all, 1)[0]!, tokenizer)),
    };
  } finally {
    blind.release();
    watch.dispose();
    readings.dispose();
  }
}

/** The probability of each token after each token of a prompt that ends its chunk, from the `<image>` tag on. */
async function nextOf(model: PromptModel, prompt: Prompt, probes: readonly Probe[] = []): Promise<Float64Array[]> {
  const logits = await model.logits([prompt], { closed: true, probes });
  try {
    const [, length] = logits.shape as [number, number, number];
    const places = Array.from({ length: length - 2 }, (_, at) => at + 1); // the start is before the tag; after the end nothing comes
    return await nextProbabilities(logits, places);
  } finally {
    logits.dispose();
  }
}

/** Tensors that were seen at ports, until they are read. */
class Readings {
  readonly #blocks: ReadonlyMap<string, PlacedBlock>;
  readonly #seen: { block: PlacedBlock; port: string; tensor: Tensor }[] = [];

  constructor(blocks: readonly PlacedBlock[]) {
    this.#blocks = new Map(blocks.map((block) => [placeName(block), block]));
  }

  /** Probes that read ports of every block of a type. */
  of(type: string, ports: Readonly<Record<string, "input" | "output">>): Probe[] {
    return Object.entries(ports).map(([port, side]) => ({
      of: side === "input" ? { input: port } : { output: port },
      at: (path) => this.#blocks.get(path)?.types.at(-1) === type,
      see: (path, tensor) => void this.#seen.push({ block: this.#blocks.get(path)!, port, tensor: keep(tensor) }),
    }));
  }

  first(port: string): Tensor {
    return this.#seen.find((each) => each.port === port)!.tensor;
  }

  async gates(): Promise<ExplainedGate[]> {
    const norms = async (block: PlacedBlock, port: string) => {
      const { tensor } = this.#seen.find((each) => each.block === block && each.port === port)!;
      return (await rowNorms(tensor)).slice(1); // the start of the text is before the tag
    };
    const gates = this.#seen.filter(({ port }) => port === "update").map(({ block }) => block);
    return Promise.all(
      gates.map(async (block) => ({
        name: placeName(block),
        update: block.inputs.update ?? "",
        before: await norms(block, "x"),
        updates: await norms(block, "update"),
        after: await norms(block, "y"),
      })),
    );
  }

  dispose(): void {
    for (const { tensor } of this.#seen) tensor.dispose();
  }
}

/** The L2 norm of each row of the last axis. */
async function rowNorms(tensor: Tensor): Promise<number[]> {
  const numbers = (await tensor.data()) as Float32Array;
  const width = tensor.shape.at(-1)!;
  return Array.from({ length: numbers.length / width }, (_, row) => {
    let sum = 0;
    for (let at = row * width; at < (row + 1) * width; at++) sum += numbers[at]! ** 2;
    return Math.sqrt(sum);
  });
}
