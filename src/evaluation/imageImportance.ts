import { interventionEdits } from "../inspection/interventions.ts";
import { promptTokens } from "./prompt.ts";
import type { Continued, PromptModel } from "./promptModel.ts";

/**
 * How much each image matters for each token of a text: by how many nats the token is less likely where no token attends to the image.
 *
 * log p(token) − log p(token | image m masked out). Above 0 the image helps.
 *
 * @returns [media][tokens]
 */
export async function imageImportance(model: PromptModel, { prompt, text }: Continued): Promise<number[][]> {
  const { media } = promptTokens(prompt, model.tokenizer);
  const whole = await model.tokenLogLikelihoods({ prompt, text });
  const all: number[][] = [];
  for (const number of media.keys()) {
    const masked = model.edited(await interventionEdits({ masked: [number] }, model.weights.all(), model.blocks));
    try {
      const without = await masked.tokenLogLikelihoods({ prompt, text });
      all.push(whole.map((value, at) => value - without[at]!));
    } finally {
      masked.release();
    }
  }
  return all;
}
