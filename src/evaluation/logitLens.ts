import { placeName } from "../channels/place.ts";
import type { Value } from "../core/call.ts";
import { FlamingoError } from "../core/errors.ts";
import type { Edit } from "../engine/readings/edited.ts";
import { clone, dispose, keep, type Tensor } from "../engine/tensor.ts";
import type { PlacedBlock } from "../inspection/placedBlocks.ts";
import { promptTokens, textTokens } from "./prompt.ts";
import type { Continued, PromptModel } from "./promptModel.ts";
import { logProbability } from "./score.ts";

/** What a language model would say if it ended after a layer. */
export interface LensLayer {
  /** Node of the pipeline, and names of the blocks from there to the layer. */
  node: string;
  path: string[];
  /** log p of each token of the text, in nats. */
  logLikelihoods: number[];
  /** The likeliest token at each of these places. */
  likeliest: string[];
}

/** Blocks whose code ends with the last normalisation and the output layer. */
const languageModels = ["FlamingoLanguageModel", "GraftedLanguageModel"];

/**
 * The logit lens: the hidden states after each layer, fusion layers too, through the last normalisation and the output layer.
 *
 * log softmax(head(norm(hidden_l)))[token]. The last layer's are what the model says itself.
 *
 * @param asked prompts with the same number of media each
 * @returns for each of them, its layers from the first to the last
 * @throws FlamingoError INVALID_PIPELINE if the model's layers are not known
 * @see nostalgebraist 2020, Interpreting GPT: the logit lens
 */
export async function logitLens(model: PromptModel, asked: readonly Continued[]): Promise<LensLayer[][]> {
  const parts = partsOf(model.blocks);
  if (!parts)
    throw new FlamingoError("INVALID_PIPELINE", "the model has no language model whose layers are known", {
      fix: `use one with ${languageModels.join(" or ")}`,
    });
  const { layers, end } = parts;
  const rows = asked.map(({ prompt, text }) => {
    const { ids, media } = promptTokens(prompt, model.tokenizer);
    return { prompt, first: ids.length - 1, media, tokens: textTokens(text, model.tokenizer) };
  });
  /** What each layer gives, brought one block further by each block of the end. */
  let states: Tensor[] = [];
  const held = (value: Value) => keep(clone(value as Tensor));
  const record: Edit = (inputs, forward) => {
    const outputs = forward(inputs);
    states.push(held((outputs.text ?? outputs.hidden)!));
    return outputs;
  };
  const forwardAll: Edit = (inputs, forward) => {
    const port = "hidden" in inputs ? "hidden" : "x";
    const before = states;
    states = before.map((state) => held(Object.values(forward({ ...inputs, [port]: state }))[0]!));
    dispose(before);
    return forward(inputs);
  };
  const seen = model.edited(
    new Map([
      ...layers.map((layer): [string, Edit] => [placeName(layer), record]),
      ...end.map((block): [string, Edit] => [placeName(block), forwardAll]),
    ]),
  );
  try {
    (await seen.logits(rows.map(({ prompt, tokens }) => [...prompt, tokens]))).dispose();
    const [, length, width] = states[0]!.shape as [number, number, number];
    const competing = model.competing(rows[0]!.media.length > 0, width);
    const numbers = await Promise.all(states.map(async (state) => (await state.data()) as Float32Array));
    return rows.map(({ first, tokens }, row) =>
      layers.map(({ node, path }, layer) => {
        const at = (index: number) => (row * length + first + index) * width;
        const scores = numbers[layer]!;
        return {
          ...{ node, path: [...path] },
          logLikelihoods: tokens.map((token, index) => logProbability(scores, at(index), token, competing)),
          likeliest: tokens.map((_, index) => model.tokenizer.word(largestOf(scores, at(index), competing))),
        };
      }),
    );
  } finally {
    dispose(states);
    seen.release();
  }
}

/** The token with the largest of the logits from `start` on. */
function largestOf(logits: Float32Array, start: number, tokens: number): number {
  let largest = 0;
  for (let token = 1; token < tokens; token++) if (logits[start + token]! > logits[start + largest]!) largest = token;
  return largest;
}

/** Whether a model has layers that are known, so that `logitLens` can look through them. */
export function hasLens(model: PromptModel): boolean {
  return partsOf(model.blocks) !== undefined;
}

/**
 * The stacked layers of a language model, and the blocks that make logits of the last hidden states, both in order; undefined
 * for a model without a language model whose layers are known.
 */
function partsOf(blocks: readonly PlacedBlock[]): { layers: PlacedBlock[]; end: PlacedBlock[] } | undefined {
  const inside = blocks.filter(({ types }) => languageModels.includes(types.at(-2) ?? ""));
  const layers = inside.filter(({ path }) => /layers\.\d+$/.test(path.at(-1)!));
  const end = inside.filter(({ path }) => ["norm", "project_out", "logits"].includes(path.at(-1)!));
  return layers.length > 0 && end.length > 1 ? { layers, end } : undefined;
}
