import type { ImageLens } from "../../channels/lens.ts";
import type { Media } from "../../data/media.ts";
import { interventionEdits } from "../../inspection/interventions.ts";
import { logitLens } from "../logitLens.ts";
import { textTokens } from "../prompt.ts";
import type { PromptModel } from "../promptModel.ts";

/** The logit lens of each image's label, with the image and with it masked out. */
export async function captionLens(
  model: PromptModel,
  images: readonly Media[],
  labels: readonly string[],
): Promise<ImageLens[]> {
  const asked = images.map((image, index) => ({ prompt: [image], text: labels[index]! }));
  const blind = model.edited(await interventionEdits({ masked: [0] }, model.weights.all(), model.blocks));
  const [seen, masked] = [await logitLens(model, asked), await logitLens(blind, asked)];
  return seen.map((layers, image) => ({
    ...{ image, label: labels[image]! },
    tokens: textTokens(labels[image]!, model.tokenizer).map((id) => model.tokenizer.word(id)),
    layers: layers.map(({ path }) => path.at(-1)!),
    seen: layers.map(({ logLikelihoods }) => logLikelihoods.map(rounded)),
    masked: masked[image]!.map(({ logLikelihoods }) => logLikelihoods.map(rounded)),
  }));
}

function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
