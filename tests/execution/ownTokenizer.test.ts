import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withImages } from "../../src/command/withImages.ts";
import { loadTokenizer } from "../../src/data/tokenizerFile.ts";
import { captionImages } from "../../src/execution/captionImages.ts";
import { exportModel } from "../../src/execution/exportModel.ts";
import { importModel } from "../../src/execution/importModel.ts";
import { withModels } from "../../src/execution/withModels.ts";
import { findImported } from "../../src/models/imported.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";
import { readTemplate } from "../../src/runs/templates.ts";
import { languageFolder, tokens } from "../models/languageFolder.ts";
import { modelFolder } from "../models/modelFolder.ts";
import { carryOut, home, images, newestOf, newRun } from "./smallRun.ts";

/** Rows of the language model's embedding: some of them pad it. */
const vocabulary = tokens + 4;

await importModel({ path: languageFolder({ vocabulary, parent: home.folder }), name: "imported", home });

/** The template of own images with an imported language model, for a few steps, and without what takes long. */
async function shortPipeline(change: Record<string, Record<string, unknown>> = {}): Promise<Pipeline> {
  const template = withImages(await readTemplate("own-images"), images, "the template");
  const { nodes, edges, ...rest } = withModels(template, { language: "imported" }, home.models, "the template");
  const { samples: _, evaluate: __, ...kept } = nodes;
  const config: Record<string, Record<string, unknown>> = {
    images: { batch: 2, media: 1, heldOut: 0, ...change.images },
    train: { steps: 2, warmup: 1, ...change.train },
    flamingo: { ...change.flamingo },
  };
  const changed = Object.entries(kept).map(([id, node]) => [
    id,
    { ...node, config: { ...node.config, ...config[id] } },
  ]);
  return { ...rest, nodes: Object.fromEntries(changed), edges: edges.filter(({ to }) => to[0] in kept) };
}

test("a Flamingo with an imported language model trains on its own tokens, captions, and goes back with tokens that have the ids of their rows", async () => {
  const pipeline = await shortPipeline();
  expect(pipeline.nodes.images!.config).toMatchObject({ tokenizer: "imported" });
  expect(pipeline.nodes.flamingo!.config).toMatchObject({
    languageModel: { weights: "imported", config: { vocabulary, newTokens: 2, imageToken: vocabulary + 1 } },
  });
  const { folder, outcome, error } = await carryOut(await newRun(pipeline));
  expect(outcome, error?.message).toBe("succeeded");
  const file = join(images, "red-heart.png");
  const log = { append: () => {} };
  const said = await captionImages({ folder, device: "wasm", images: [file], models: home.models, log });
  expect(said).toEqual([expect.any(String)]);

  const out = join(folder, "exported");
  await exportModel({ folder, to: "huggingface", out, models: home.models, log });
  const { weights } = await newestOf(folder);
  expect(weights.get("flamingo.lang_encoder.embed_tokens.new_tokens")!.shape[0]).toBe(2);
  const { added_tokens: added } = JSON.parse(readFileSync(join(out, "tokenizer.json"), "utf8"));
  const ids = added.map(({ id }: { id: number }) => id).slice(1);
  expect(ids).toEqual(Array.from({ length: 6 }, (_, at) => tokens + at)); // no gap, which would move them elsewhere
  const { special } = await loadTokenizer(join(out, "tokenizer.json"));
  expect(special).toMatchObject({ endOfChunk: vocabulary, image: vocabulary + 1 });
});

test.each([
  [{ images: { tokenizer: "bytes" } }, /tokenizer is "bytes", but "flamingo" starts from "imported".*"imported"/],
  [{ images: { tokenizer: "nobody" } }, /no tokenizer "nobody"/],
])("texts in the tokens of another model are refused before anything runs: %j", async (change, message) => {
  const { outcome, error } = await carryOut(await newRun(await shortPipeline(change)));
  expect(outcome).toBe("failed");
  expect(error!.message).toMatch(message);
  expect(error!.fix).toBeTruthy();
});

test("an <image> token that is another one than the tokenizer's is refused", async () => {
  const pipeline = await shortPipeline();
  const { languageModel } = pipeline.nodes.flamingo!.config as { languageModel: { config: object } };
  const changed = { ...languageModel, config: { ...languageModel.config, imageToken: vocabulary } };
  const { error } = await carryOut(await newRun(await shortPipeline({ flamingo: { languageModel: changed } })));
  expect(error).toMatchObject({ code: "INVALID_CONFIG" });
  expect(error!.message).toMatch(
    `its <image> token is ${vocabulary + 1}, but the imageToken of "flamingo" is ${vocabulary}`,
  );
});

test("a Flamingo with an imported image encoder takes images of its side", async () => {
  await importModel({ path: modelFolder("clip-vision", undefined, home.folder), name: "vision", home });
  const { imageSize, visualDim } = findImported(home.models, "vision")!.block.config as Record<string, number>;
  const pipeline = withModels(await shortPipeline(), { vision: "vision" }, home.models, "the template");
  expect(pipeline.nodes.images!.config).toMatchObject({ imageSize, tokenizer: "imported" });
  expect(pipeline.nodes.flamingo!.config).toMatchObject({ imageSize, visualDim, visionEncoder: { weights: "vision" } });
  const { outcome, error } = await carryOut(await newRun(pipeline));
  expect(outcome, error?.message).toBe("succeeded");
});

test("what has no tokenizer, and what is no language model, is refused", async () => {
  const template = await readTemplate("own-images");
  expect(() => withModels(template, { language: "vision" }, home.models, "x")).toThrow(
    "is a ClipVision, and no language model alone",
  );
  expect(() => withModels(template, { vision: "imported" }, home.models, "x")).toThrow(
    "is a FlamingoLanguageModel, and no image encoder",
  );
  expect(() => withModels(template, { language: "nobody" }, home.models, "x")).toThrow(
    'nothing was imported as "nobody"',
  );
});
