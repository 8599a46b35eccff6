import type { DocumentAttention } from "../../channels/attention.ts";
import { placeName } from "../../channels/place.ts";
import type { Media } from "../../data/media.ts";
import type { Probe } from "../../engine/readings/eager.ts";
import { keep, type Tensor } from "../../engine/tensor.ts";
import { AttentionWatch } from "../../inspection/attention.ts";
import { interventionEdits } from "../../inspection/interventions.ts";
import { type Prompt, promptTokens } from "../prompt.ts";
import type { PromptModel } from "../promptModel.ts";
import { logProbability } from "../score.ts";

/**
 * How a model reads images and their labels as one document, `<image> label <|endofchunk|><image> label <|endofchunk|>…`: which token
 * may attend to which image, how much it does, and how much each image matters for it. Undefined where no media mask decides that.
 *
 * @see Alayrac et al. 2022, Flamingo, section 2.3 and Figure 7, arXiv:2204.14198
 */
export async function documentAttention(
  model: PromptModel,
  images: readonly Media[],
  labels: readonly string[],
): Promise<DocumentAttention | undefined> {
  const document: Prompt = images.flatMap((image, at) => [image, labels[at]!]);
  const { ids } = promptTokens(document, model.tokenizer, true);
  const attention = new AttentionWatch(model.blocks);
  const mask = new MaskWatch(model);
  try {
    const whole = await tokenLikelihoods(model, document, ids, [...attention.probes, ...mask.probes]);
    const allowed = await mask.read();
    const layers = await attention.cross();
    if (!allowed || layers.length === 0) return undefined;
    const worth: number[][] = [];
    for (const number of images.keys()) {
      const masked = model.edited(await interventionEdits({ masked: [number] }, model.weights.all(), model.blocks));
      try {
        const without = await tokenLikelihoods(masked, document, ids);
        worth.push(whole.map((value, at) => rounded(value - without[at]!)));
      } finally {
        masked.release();
      }
    }
    return {
      images: [...images.keys()],
      tokens: ids.slice(1).map((id) => model.tokenizer.word(id)),
      mask: allowed.slice(1, ids.length),
      heads: layers.map(({ heads }) =>
        heads[0]!.map((rows) => rows.slice(1, ids.length).map((row) => overImages(row, images.length))),
      ),
      worth,
    };
  } finally {
    attention.dispose();
    mask.dispose();
  }
}

/** log p of each token of a document after those before it, in nats. No model is asked to say where an image is: NaN there. */
async function tokenLikelihoods(
  model: PromptModel,
  document: Prompt,
  ids: readonly number[],
  probes: readonly Probe[] = [],
): Promise<number[]> {
  const logits = await model.logits([document], { closed: true, probes });
  const width = logits.shape[2]!;
  const numbers = (await logits.data()) as Float32Array;
  logits.dispose();
  return ids.slice(1).map((id, at) => {
    return id === model.tokenizer.special.image ? Number.NaN : logProbability(numbers, at * width, id, width);
  });
}

/** Sums attention to latents [media·latents] over those of each image. */
function overImages(row: readonly number[], images: number): number[] {
  const latents = row.length / images;
  const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  return Array.from({ length: images }, (_, image) =>
    rounded(sumOf(row.slice(image * latents, (image + 1) * latents))),
  );
}

/** Reads the media mask that the first fusion layer computes with. */
class MaskWatch {
  readonly #path: string | undefined;
  #tensor: Tensor | undefined;

  constructor(model: PromptModel) {
    const block = model.blocks.find(({ types }) => types.at(-1) === "MediaMask");
    this.#path = block && placeName(block);
  }

  get probes(): readonly Probe[] {
    const see = (_path: string, tensor: Tensor) => {
      this.#tensor ??= keep(tensor);
    };
    return [{ of: { output: "mask" }, at: (path) => path === this.#path, see }];
  }

  /** [tokens][media] of the first sequence. */
  async read(): Promise<boolean[][] | undefined> {
    if (!this.#tensor) return undefined;
    const [, length, media] = this.#tensor.shape as [number, number, number];
    const numbers = await this.#tensor.data();
    return Array.from({ length }, (_, token) =>
      Array.from({ length: media }, (_, image) => numbers[token * media + image] === 1),
    );
  }

  dispose(): void {
    this.#tensor?.dispose();
  }
}

/** Four digits are more than a person reads. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
