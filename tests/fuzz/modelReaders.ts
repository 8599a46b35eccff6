import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { loadTokenizer } from "../../src/data/tokenizerFile.ts";
import { openModel } from "../../src/models/modelFiles.ts";
import { hugeJson, mutatedJson, mutatedText } from "./mutations.ts";
import { type Reader, reader } from "./reader.ts";

const families = fileURLToPath(new URL("../fixtures/families/", import.meta.url));
const models = ["gpt2", "opt", "gpt-neox", "mpt", "llama-3", "clip-vision", "nfnet-dm", "flamingo-opt-every1"];

/** Readers of other libraries' models: a config.json beside weights of its family, and a tokenizer.json. */
export function modelReaders(folder: string): Reader[] {
  const configs = models.map((family) => {
    const { block, config } = JSON.parse(readFileSync(join(families, family, "config.json"), "utf8"));
    mkdirSync(join(folder, family));
    cpSync(join(families, family, "weights.safetensors"), join(folder, family, "model.safetensors"));
    return { family, config: { architectures: [block], ...config } as unknown };
  });
  const tokenizer = readFileSync(join(families, "tokenizer-bytelevel-bpe", "tokenizer.json"), "utf8");
  return [
    reader({
      name: "model folder",
      inputs: fc
        .constantFrom(...configs)
        .chain(({ family, config }) =>
          fc
            .oneof(
              { arbitrary: mutatedJson(config).map((value) => JSON.stringify(value) ?? ""), weight: 9 },
              { arbitrary: mutatedText(JSON.stringify(config)), weight: 9 },
              { arbitrary: hugeJson(JSON.stringify(config)), weight: 1 },
            )
            .map((text) => ({ family, text })),
        ),
      right: { family: "gpt2", text: JSON.stringify(configs[0]!.config) },
      read: ({ family, text }) => {
        writeFileSync(join(folder, family, "config.json"), text);
        openModel({ path: join(folder, family) });
      },
    }),
    reader({
      name: "tokenizer.json",
      inputs: fc.oneof(
        { arbitrary: mutatedJson(JSON.parse(tokenizer)).map((value) => JSON.stringify(value) ?? ""), weight: 9 },
        { arbitrary: mutatedText(tokenizer), weight: 9 },
        { arbitrary: hugeJson(tokenizer), weight: 1 },
      ),
      right: tokenizer,
      read: async (text) => {
        const path = join(folder, "tokenizer.json");
        writeFileSync(path, text);
        const read = await loadTokenizer(path);
        read.decode(read.encode("<image>the cat sits, naïve 猫<|endofchunk|>"));
      },
    }),
  ];
}
