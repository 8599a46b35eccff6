import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { modelFolder } from "./modelFolder.ts";

const tokenizer = fileURLToPath(
  new URL("../fixtures/families/tokenizer-bytelevel-bpe/tokenizer.json", import.meta.url),
);

/** Tokens of the tokenizer, of which the first ends a text. */
export const tokens = 480;

/** Tokens of the longest text. */
const positions = 96;

/**
 * A folder of transformers with a small GPT-2 and a byte-level BPE tokenizer, which knows none of Flamingo's tokens.
 * @param vocabulary rows of the embedding: those after the tokenizer's pad it, as many models have it
 */
export function languageFolder({
  vocabulary = tokens + 4,
  parent,
}: {
  vocabulary?: number;
  parent?: string;
} = {}): string {
  const grow = (tensors: Map<string, StoredTensor>, config: Record<string, unknown>) => {
    const wte = tensors.get("transformer.wte.weight")!;
    const width = wte.shape[1]!;
    const table = (rows: number): StoredTensor => ({
      dtype: "F32",
      shape: [rows, width],
      data: Float32Array.from({ length: rows * width }, (_, at) => Math.sin(at) / 4),
    });
    Object.assign(config, { vocab_size: vocabulary, n_positions: positions, bos_token_id: 0, eos_token_id: 0 });
    return new Map(tensors)
      .set("transformer.wte.weight", table(vocabulary))
      .set("transformer.wpe.weight", table(positions));
  };
  const folder = modelFolder("gpt2", grow, parent);
  const { added_tokens: added, ...file } = JSON.parse(readFileSync(tokenizer, "utf8"));
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify({ ...file, added_tokens: added.slice(0, 1) }));
  return folder;
}
