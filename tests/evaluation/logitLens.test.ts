import { afterAll, beforeAll, expect, test } from "vitest";
import { keep, type Tensor } from "../../src/engine/tensor.ts";
import { logitLens } from "../../src/evaluation/logitLens.ts";
import { PromptModel } from "../../src/evaluation/promptModel.ts";
import { logitsOutput } from "../../src/execution/logitsOutput.ts";
import { type Prepared, prepareRun } from "../../src/execution/prepare.ts";
import { readRun } from "../../src/runs/folder.ts";
import { newRun, quietly, smallPipeline } from "../execution/smallRun.ts";

let prepared: Prepared;
let model: PromptModel;
beforeAll(async () => {
  prepared = await prepareRun(await readRun(await newRun(smallPipeline())), quietly("wasm"));
  model = PromptModel.at(prepared.model, logitsOutput(prepared.model), (id) => prepared.sources.get(id)?.tokenizer);
});
afterAll(() => prepared.model.weights.dispose());

const image = { pixels: Float32Array.from({ length: 16 * 16 * 3 }, (_, at) => Math.sin(at)), frames: 1, size: 16 };

test("the logit lens of a layer is its hidden state, normalised and multiplied by the table, in plain loops", async () => {
  const [text, after] = [[40, 41], { prompt: [image], text: [40, 41] }];
  const [lens, same] = await logitLens(model, [after, { prompt: [image], text: [41] }]);
  expect(same!.map(({ logLikelihoods }) => logLikelihoods.length)).toEqual([1, 1, 1, 1]); // a shorter text, padded
  expect(lens!.map(({ path }) => path.join("."))).toEqual(
    [0, 1].flatMap((layer) => [`gated_cross_attn_layers.${layer}`, `layers.${layer}`]),
  );
  for (const [index, { node, path }] of lens!.entries()) {
    let state: Tensor | undefined;
    const port = path.at(-1)!.startsWith("gated") ? "text" : "hidden";
    const at = (name: string) => name === [node, ...path].join(".");
    const see = (_path: string, value: Tensor) => {
      state = keep(value);
    };
    (await model.logits([[image, text]], { probes: [{ of: { output: port }, at, see }] })).dispose();
    const numbers = await state!.data();
    state!.dispose();
    const dim = 16;
    const table = [
      ...(await rowsOf("language.embed_tokens.weight")),
      ...(await rowsOf("language.embed_tokens.new_tokens")),
    ];
    const [scale, shift] = [(await rowsOf("language.norm.weight")).flat(), (await rowsOf("language.norm.bias")).flat()];
    text.forEach((token, place) => {
      const hidden = Array.from(numbers.slice((1 + place) * dim, (2 + place) * dim)); // after <bos>, at <image>
      const mean = hidden.reduce((sum, value) => sum + value, 0) / dim;
      const variance = hidden.reduce((sum, value) => sum + (value - mean) ** 2, 0) / dim;
      const normal = hidden.map((value, c) => ((value - mean) / Math.sqrt(variance + 1e-5)) * scale[c]! + shift[c]!);
      const scores = table.map((row) => row.reduce((sum, value, c) => sum + value * normal[c]!, 0));
      const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
      expect(lens![index]!.logLikelihoods[place]).toBeCloseTo(scores[token]! - total, 4);
      const likeliest = scores.indexOf(Math.max(...scores));
      expect(lens![index]!.likeliest[place]).toBe(model.tokenizer.word(likeliest));
    });
  }
  model.release();
});

/** A weight's numbers, row by row. */
async function rowsOf(name: string): Promise<number[][]> {
  const { variable, shape } = prepared.model.weights.get(name)!;
  const numbers = Array.from(await variable.data());
  const width = shape.at(-1)!;
  return Array.from({ length: numbers.length / width }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}
