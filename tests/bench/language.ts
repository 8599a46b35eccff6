import { parseArgs } from "node:util";
import { Random } from "../../src/core/random.ts";
import { emojiConcepts } from "../../src/data/emoji/concepts.ts";
import { emojiTokenizer } from "../../src/data/emoji/emoji.ts";
import { byteTokenizer } from "../../src/data/texts/byteTokenizer.ts";
import { dictionary } from "../../src/data/texts/dictionary.ts";
import { translations } from "../../src/data/texts/translations.ts";
import type { TextTokenizer } from "../../src/data/tokenizer.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { padRows } from "../../src/evaluation/prompt.ts";
import { scoreTokens } from "../../src/evaluation/score.ts";
import { build } from "../../src/models/build.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import "../../src/blocks/index.ts"; // what the slots name
import { presets } from "../../src/models/presets.ts";

/** Texts that are read at once. */
const rowsAtOnce = 16;
const textsOfEach = 1000;

/** What the models read: of the dictionary what no model has seen. */
function texts(): Record<string, string[]> {
  const random = new Random(2204).fork("bits per byte");
  const { heldOut } = dictionary();
  const some = (all: readonly string[]) => random.shuffle([...all]).slice(0, textsOfEach);
  return {
    "held-out definitions": some(heldOut.map(({ definition }) => definition)),
    "held-out sentences": some(heldOut.flatMap(({ examples }) => examples)),
    "names of emoji (seen)": some(emojiConcepts().map(({ label }) => label)),
    "their names in Japanese (seen)": some(translations().map(({ others }) => others[japanese]!)),
  };
}

/** Place of Japanese among the other languages. */
const japanese = 10;

/** Bits for each byte of the texts, after `<bos>`; and the share of words that the model has no token for. */
async function bitsPerByte(
  read: (ids: Tensor) => Tensor,
  tokenizer: TextTokenizer,
  all: readonly string[],
): Promise<{ bits: number; unknown: number }> {
  const { bos, pad } = tokenizer.special;
  let nats = 0;
  for (let start = 0; start < all.length; start += rowsAtOnce) {
    const rows = all.slice(start, start + rowsAtOnce).map((text) => tokenizer.encode(text));
    const ids = padRows(
      rows.map((row) => [bos, ...row]),
      pad,
      "end",
    );
    const length = ids.length / rows.length;
    const targets = new Int32Array(ids.length).fill(-100);
    for (const [at, row] of rows.entries()) targets.set(row, at * length);
    const logits = tidy(() => read(tensor(ids, [rows.length, length], "int32")));
    const [, , width] = logits.shape as [number, number, number];
    const numbers = (await logits.data()) as Float32Array;
    logits.dispose();
    nats -= scoreTokens(numbers, [rows.length, length, width], targets).sums.reduce((sum, each) => sum + each, 0);
  }
  const bytes = all.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const missing = all.flatMap((text) => tokenizer.unknown(text)).length;
  const tokens = all.reduce((sum, text) => sum + tokenizer.encode(text).length, 0);
  return { bits: nats / Math.LN2 / bytes, unknown: missing / tokens };
}

/** Bits per byte of the language models that come with the studio, or of the weights that are named. */
export async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { weights: { type: "string" }, device: { type: "string" } } });
  await openDevice((values.device ?? "wasm") as "wasm");
  const models = [
    ["emoji-language", emojiTokenizer()],
    [values.weights ?? "small-language", byteTokenizer()],
  ] as const;
  const table: Record<string, Record<string, string>> = {};
  for (const [weights, tokenizer] of models) {
    const vocabulary = tokenizer.pretrained;
    const config = { ...presets.tiny.language, vocabulary, imageToken: vocabulary, newTokens: 0 };
    const model = build(FlamingoLanguageModel, { ...config, every: 1000, placement: "last" });
    await model.load(weights);
    for (const [name, all] of Object.entries(texts())) {
      const { bits, unknown } = await bitsPerByte((ids) => model({ ids }) as Tensor, tokenizer, all);
      const note = unknown > 0 ? ` (${(100 * unknown).toFixed(1)}% of words unknown, counted as one token)` : "";
      table[name] = { ...table[name], [weights]: `${bits.toFixed(2)}${note}` };
    }
    model.dispose();
  }
  console.table(table);
}
