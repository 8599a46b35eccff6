import type { Value } from "../core/call.ts";
import { FlamingoError } from "../core/errors.ts";
import type { Edit } from "../engine/readings/edited.ts";
import { clone, dispose, keep, type Tensor } from "../engine/tensor.ts";
import { type PlacedBlock, placeName } from "../inspection/placedBlocks.ts";
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
 * @throws FlamingoError INVALID_PIPELINE if the model's layers are not known
 * @see nostalgebraist 2020, Interpreting GPT: the logit lens
 */
export async function logitLens(model: PromptModel, { prompt, text }: Continued): Promise<LensLayer[]> {
  const { layers, end } = partsOf(model.blocks);
  const { ids, media } = promptTokens(prompt, model.tokenizer);
  const tokens = textTokens(text, model.tokenizer);
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
    (await seen.logits([[...prompt, tokens]])).dispose();
    const numbers = await Promise.all(states.map(async (state) => (await state.data()) as Float32Array));
    const width = states[0]!.shape[2]!;
    const competing = model.competing(media.length > 0, width);
    return layers.map(({ node, path }, layer) => {
      const at = (index: number) => (ids.length - 1 + index) * width;
      return {
        ...{ node, path: [...path] },
        logLikelihoods: tokens.map((token, index) => logProbability(numbers[layer]!, at(index), token, competing)),
        likeliest: tokens.map((_, index) => {
          const scores = numbers[layer]!.subarray(at(index), at(index) + competing);
          return model.tokenizer.word(scores.indexOf(scores.reduce((a, b) => Math.max(a, b))));
        }),
      };
    });
  } finally {
    dispose(states);
    seen.release();
  }
}

/** The stacked layers of a language model, and the blocks that make logits of the last hidden states, both in order. */
function partsOf(blocks: readonly PlacedBlock[]): { layers: PlacedBlock[]; end: PlacedBlock[] } {
  const inside = blocks.filter(({ types }) => languageModels.includes(types.at(-2) ?? ""));
  const layers = inside.filter(({ path }) => /layers\.\d+$/.test(path.at(-1)!));
  const end = inside.filter(({ path }) => ["norm", "project_out", "logits"].includes(path.at(-1)!));
  if (layers.length > 0 && end.length > 1) return { layers, end };
  throw new FlamingoError("INVALID_PIPELINE", "the model has no language model whose layers are known", {
    fix: `use one with ${languageModels.join(" or ")}`,
  });
}
