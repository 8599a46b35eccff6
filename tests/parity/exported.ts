import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "../../src/core/random.ts";
import type { WeightData } from "../../src/core/weight.ts";
import { exportModel } from "../../src/execution/exportModel.ts";
import { importModel } from "../../src/execution/importModel.ts";
import { findImported } from "../../src/models/imported.ts";
import { type Pipeline, parsePipeline, readPipeline } from "../../src/pipeline/schema.ts";
import { checkpointFolder, createRun } from "../../src/runs/folder.ts";
import { findHome, type Home } from "../../src/runs/home.ts";
import { saveCheckpoint } from "../../src/training/checkpoint.ts";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));

interface ExportedCase {
  /** Case of a family whose model is imported, and exported once it was trained. */
  family: string;
  /** New tokens that were trained, rows that the exported embeddings have more. */
  newTokens?: number;
  /** Whether it has a tokenizer. */
  tokenizer?: boolean;
  /** Bytes of numbers in a file, where it is divided into several. */
  shardBytes?: number;
}

/** Every family that is exported to transformers: with its vocabulary and a larger one, tied and not, in one file and in several. */
export const exportedCases: Readonly<Record<string, ExportedCase>> = {
  gpt2: { family: "gpt2" },
  "gpt2-grown": { family: "gpt2", newTokens: 2, tokenizer: true, shardBytes: 8000 },
  "gpt2-untied": { family: "gpt2-left-padded", newTokens: 3 },
  "opt-grown": { family: "opt", newTokens: 2 },
  "opt-projected": { family: "opt-post-norm", newTokens: 1, shardBytes: 3000 },
  "opt-untied": { family: "opt-plain-norm", newTokens: 2 },
  "gpt-neox": { family: "gpt-neox", shardBytes: 10_000 },
  "gpt-neox-grown": { family: "gpt-neox-sequential", newTokens: 2 },
  "gpt-neox-tied": { family: "gpt-neox-dynamic", newTokens: 2, shardBytes: 4000 },
  "mpt-grown": { family: "mpt", newTokens: 3, shardBytes: 6000 },
  "mpt-untied": { family: "mpt-clipped", newTokens: 2 },
  "llama-grown": { family: "llama", newTokens: 2, shardBytes: 9000 },
  "llama-tied": { family: "llama-3", newTokens: 2 },
  "clip-vision": { family: "clip-vision", shardBytes: 5000 },
};

/** The pipeline of an imported model, with what it takes to train it. */
export function trainingPipeline({ folder, pipelines }: Home, name: string): Pipeline {
  const imported = readPipeline(readFileSync(join(pipelines, `${name}.json`), "utf8"), name);
  const model = imported.nodes.model!;
  const config = { folder, imageSize: model.config.imageSize ?? 32 };
  const language = {
    type: "FlamingoLanguageModel",
    config: { vocabulary: 5, imageToken: 4, dim: 8, visualDim: model.config.visualDim, layers: 1 },
  };
  const isEncoder = model.type === "ClipVision";
  const logits = isEncoder ? "language" : "model";
  const edges = [
    ["data.ids", `${logits}.ids`],
    [`${logits}.logits`, "loss.logits"],
    ["data.targets", "loss.targets"],
    ["loss.loss", "train.loss"],
    ...(isEncoder || model.type === "Flamingo" ? [["data.images", "model.images"]] : []),
    ...(isEncoder
      ? [
          ["model.hidden", "resampler.features"],
          ["resampler.media", "language.media"],
        ]
      : []),
  ];
  return parsePipeline(
    {
      ...imported,
      nodes: {
        ...imported.nodes,
        ...(isEncoder && {
          resampler: { type: "PerceiverResampler", config: { visualDim: model.config.visualDim, depth: 1 } },
          language,
        }),
        data: { type: "ImageFolder", config },
        loss: { type: "NextTokenLoss", config: {} },
        train: { type: "Train", config: {} },
      },
      edges: edges.map(([from, to]) => ({ from: from!.split("."), to: to!.split(".") })),
    },
    name,
  );
}

/** Makes a run whose newest checkpoint has these weights. Returns its folder. */
export async function runWith(
  home: Home,
  id: string,
  pipeline: Pipeline,
  weights: ReadonlyMap<string, WeightData>,
  step = 20,
): Promise<string> {
  const folder = join(home.runs, id);
  await createRun(folder, { id, name: "A run", pipeline, seed: 1, device: "cpu", created: 0, options: {} });
  await saveCheckpoint(
    join(folder, checkpointFolder),
    { step, seconds: 1, weights: new Map(weights), moments: new Map() },
    {},
  );
  return folder;
}

/** Imports the model of a case, moves every weight of it a little as training does, and exports it to a folder. */
export async function exportCase(name: string, work: string, out: string): Promise<void> {
  const { family, newTokens = 0, tokenizer, shardBytes } = exportedCases[name]!;
  const home = findHome({ FLAMINGO_HOME: join(work, "home") });
  const source = join(work, "source");
  mkdirSync(source, { recursive: true });
  const { block, config } = JSON.parse(readFileSync(join(fixtures, "families", family, "config.json"), "utf8"));
  writeFileSync(join(source, "config.json"), JSON.stringify({ architectures: [block], ...config }));
  copyFileSync(join(fixtures, "families", family, "weights.safetensors"), join(source, "model.safetensors"));
  if (tokenizer) writeFileSync(join(source, "tokenizer.json"), JSON.stringify(smallTokenizer(config.vocab_size)));
  await importModel({ path: source, name: "imported", home });
  const pipeline = trainingPipeline(home, "imported");
  const model = pipeline.nodes.model!;
  const grown = { ...model, config: { ...model.config, ...(newTokens > 0 && { newTokens }) } };
  const random = new Random(9);
  const weights = new Map<string, WeightData>();
  for (const [own, { shape, data }] of findImported(home.models, "imported")!.tensors) {
    const noise = random.normals(data.length);
    weights.set(`model.${own}`, { shape, data: data.map((value, at) => value + 0.05 * noise[at]!) });
    const table = /^(embed_tokens|logits)\.weight$/.exec(own)?.[1];
    if (table && newTokens > 0) {
      const rows = [newTokens, shape[1]!];
      weights.set(`model.${table}.new_tokens`, { shape: rows, data: random.normals(newTokens * shape[1]!) });
    }
  }
  const nodes = { ...pipeline.nodes, model: grown };
  const folder = await runWith(home, "a-run", { ...pipeline, nodes }, weights);
  const log = { append: () => {} };
  await exportModel({ folder, to: "huggingface", out, models: home.models, log, ...(shardBytes && { shardBytes }) });
}

/** The tokenizer of the fixtures with so many tokens, the last of them special, and none of ours. */
export function smallTokenizer(tokens: number): unknown {
  const file = JSON.parse(readFileSync(join(fixtures, "families/tokenizer-bytelevel-bpe/tokenizer.json"), "utf8"));
  const [special] = file.added_tokens;
  const kept = Object.entries<number>(file.model.vocab).filter(([, id]) => id < tokens - 1);
  const vocab = Object.fromEntries(
    kept.map(([content, id]) => [content === special.content ? "<unused>" : content, id]),
  );
  return {
    ...file,
    model: { ...file.model, vocab: { ...vocab, [special.content]: tokens - 1 }, merges: [] },
    added_tokens: [{ ...special, id: tokens - 1 }],
  };
}
