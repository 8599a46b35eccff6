import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FlamingoError } from "../../src/core/errors.ts";
import { exportModel } from "../../src/execution/exportModel.ts";
import { findImported } from "../../src/models/imported.ts";
import { openModel } from "../../src/models/modelFiles.ts";
import { trainedFolder } from "../../src/runs/folder.ts";
import { findHome } from "../../src/runs/home.ts";
import { loadWeights, saveWeights } from "../../src/weights/file.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { modelFolder } from "../models/modelFolder.ts";
import { runWith, smallTokenizer, trainingPipeline } from "../parity/exported.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { callFlamingo } from "./callFlamingo.ts";

const place = () => findHome({ FLAMINGO_HOME: join(temporaryFolder(), "home") });

/** A run of an imported model that has trained one weight to all sevens. */
async function trainedRun(family: string, weight: string) {
  const home = place();
  const source = modelFolder(family);
  expect((await callFlamingo(["import", source, "--name", "imported"], { home: home.folder })).code).toBe(0);
  const before = findImported(home.models, "imported")!.tensors;
  const { shape, data } = before.get(weight)!;
  const weights = new Map([[`model.${weight}`, { shape, data: new Float32Array(data.length).fill(7) }]]);
  const folder = await runWith(home, "a-run", trainingPipeline(home, "imported"), weights);
  return { home, folder, source, before, out: join(home.folder, "out") };
}

describe("flamingo export", () => {
  test("--to huggingface writes a folder like the one that was imported, with what was trained", async () => {
    const { home, folder, source, before, out } = await trainedRun("gpt2", "layers.1.attn.to_k.weight");
    writeFileSync(join(source, "tokenizer.json"), "{}");
    const called = await callFlamingo(["export", folder, "--to", "huggingface", "--out", out], { home: home.folder });
    expect(called.code).toBe(0);
    expect(called.out).toMatch(/^\d+ tensors of step 20 in /);
    expect(readdirSync(out).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
    const after = openModel({ path: out }).tensors;
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, { data }] of after)
      if (name === "layers.1.attn.to_k.weight") expect(new Set(data)).toEqual(new Set([7]));
      else expect(data).toEqual(before.get(name)!.data);
    expect((await loadWeights(join(out, "model.safetensors"))).metadata).toEqual({ format: "pt" });
  });

  test("--to huggingface has the new tokens that were trained as further rows, of the tokenizer too", async () => {
    const { home, source, before, out } = await trainedRun("gpt2", "norm.weight");
    const table = before.get("embed_tokens.weight")!;
    const [vocabulary, dim] = table.shape as [number, number];
    writeFileSync(join(source, "tokenizer.json"), JSON.stringify(smallTokenizer(vocabulary)));
    const pipeline = trainingPipeline(home, "imported");
    const model = pipeline.nodes.model!;
    const nodes = { ...pipeline.nodes, model: { ...model, config: { ...model.config, newTokens: 2 } } };
    const added = { shape: [2, dim], data: new Float32Array(2 * dim).fill(5) };
    const weights = new Map([["model.embed_tokens.new_tokens", added]]);
    const grown = await runWith(home, "b-run", { ...pipeline, nodes }, weights);
    const called = await callFlamingo(["export", grown, "--to", "huggingface", "--out", out], { home: home.folder });
    expect(called.code, called.err).toBe(0);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).vocab_size).toBe(vocabulary + 2);
    const rows = (await loadWeights(join(out, "model.safetensors"))).tensors.get("transformer.wte.weight")!;
    expect(rows.shape).toEqual([vocabulary + 2, dim]);
    expect(rows.data).toEqual(Float32Array.of(...table.data, ...added.data));
    expect(openModel({ path: out }).block.config).toMatchObject({ vocabulary: vocabulary + 2 });
    const { added_tokens: tokens } = JSON.parse(readFileSync(join(out, "tokenizer.json"), "utf8"));
    expect(tokens.slice(-2)).toMatchObject([
      { id: vocabulary, content: "<|endofchunk|>", special: true },
      { id: vocabulary + 1, content: "<image>", special: true },
    ]);
  });

  test("--to openflamingo writes what it trains and the embeddings, under the names of the whole model", async () => {
    const gate = "lang_encoder.gated_cross_attn_layers.1.attn_gate";
    const { home, folder, out } = await trainedRun("flamingo-gpt2-every2", gate);
    const called = await callFlamingo(["export", folder, "--to", "openflamingo", "--out", out], { home: home.folder });
    expect(called.code).toBe(0);
    const { tensors } = openWeights(join(out, "checkpoint.pt"));
    const gates = tensors.get("lang_encoder.transformer.h.1.gated_cross_attn_layer.attn_gate")!.data;
    expect(gates).toEqual(Float32Array.of(7));
    const names = [...tensors.keys()];
    expect(names).toContain("perceiver.latents");
    expect(names).toContain("lang_encoder.transformer.wte.weight");
    for (const name of names)
      expect(name).not.toMatch(/^vision_encoder|decoder_layer|old_decoder_blocks|\.gated_cross_attn_layers/);
  });

  test("--to safetensors writes every weight by our names, with the pipeline", async () => {
    const { home, folder, before, out } = await trainedRun("gpt2", "norm.weight");
    await callFlamingo(["export", folder, "--to", "safetensors", "--out", out], { home: home.folder });
    const { tensors, metadata } = await loadWeights(join(out, "model.safetensors"));
    expect([...tensors.keys()].sort()).toEqual([...before.keys()].map((name) => `model.${name}`).sort());
    expect(tensors.get("model.norm.weight")!.data).toEqual(new Float32Array(16).fill(7));
    expect(metadata.steps).toBe("20");
    expect(JSON.parse(metadata.definition!)).toMatchObject({ format: "flamingo-pipeline" });
  });

  test("--to safetensors writes what another run has trained too, where the run started from that", async () => {
    const { home, folder, before, out } = await trainedRun("gpt2", "norm.weight");
    const other = new Map([...before].map(([name, { shape, data }]) => [name, { dtype: "F32" as const, shape, data }]));
    const nine = { dtype: "F32" as const, shape: [16], data: new Float32Array(16).fill(9) };
    await saveWeights(join(folder, trainedFolder, "model.safetensors"), [...other.set("norm.bias", nine)]);
    const pipeline = trainingPipeline(home, "imported");
    const model = { ...pipeline.nodes.model!, weights: "a-run" };
    const next = { ...pipeline, nodes: { ...pipeline.nodes, model } };
    const weights = new Map([["model.norm.weight", { shape: [16], data: new Float32Array(16).fill(7) }]]);
    const started = await runWith(home, "b-run", next, weights);
    const called = await callFlamingo(["export", started, "--to", "safetensors", "--out", out], { home: home.folder });
    expect(called.code, called.err).toBe(0);
    const { tensors } = await loadWeights(join(out, "model.safetensors"));
    expect(tensors.get("model.norm.weight")!.data).toEqual(new Float32Array(16).fill(7));
    expect(tensors.get("model.norm.bias")!.data).toEqual(new Float32Array(16).fill(9));
  });

  test("leaves the folder as it was where writing fails: not there, or empty", async () => {
    const { home, folder, out } = await trainedRun("flamingo-gpt2-every2", "perceiver.latents");
    const written = (place: string, to: "openflamingo" | "safetensors") =>
      exportModel({
        ...{ folder, to, out: place, models: home.models, log: { append: () => {} } },
        progress: () => {
          throw new FlamingoError("DISK_FULL", "the disk is full");
        },
      });
    for (const to of ["openflamingo", "safetensors"] as const) {
      await expect(written(join(out, "deep", "down"), to)).rejects.toMatchObject({ code: "DISK_FULL" });
      expect(existsSync(out)).toBe(false);
      mkdirSync(out);
      await expect(written(out, to)).rejects.toMatchObject({ code: "DISK_FULL" });
      expect(readdirSync(out)).toEqual([]);
      rmdirSync(out);
    }
  });

  test("--to huggingface says single precision in both fields that versions of transformers read", async () => {
    const { home, folder, source, out } = await trainedRun("gpt2", "norm.weight");
    const config = join(source, "config.json");
    writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, "utf8")), dtype: "bfloat16" }));
    await callFlamingo(["export", folder, "--to", "huggingface", "--out", out], { home: home.folder });
    const written = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(written).toMatchObject({ dtype: "float32", torch_dtype: "float32" });
  });

  test("--to huggingface writes the image encoder of a whole CLIP as what it is", async () => {
    const { home, folder, source, out } = await trainedRun("clip-vision", "norm.weight");
    const config = join(source, "config.json");
    const vision = JSON.parse(readFileSync(config, "utf8"));
    writeFileSync(config, JSON.stringify({ model_type: "clip", architectures: ["CLIPModel"], vision_config: vision }));
    await callFlamingo(["export", folder, "--to", "huggingface", "--out", out], { home: home.folder });
    const written = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(written).toMatchObject({
      model_type: "clip_vision_model",
      architectures: ["CLIPVisionModel"],
      hidden_size: 16,
    });
    expect(openModel({ path: out }).tensors.get("norm.weight")!.data).toEqual(new Float32Array(16).fill(7));
  });

  test("is refused in one line, and nothing is written, where the run has no such model or the folder is not empty", async () => {
    const { home, folder, out } = await trainedRun("gpt2", "norm.weight");
    const wrong = await callFlamingo(["export", folder, "--to", "openflamingo", "--out", out], { home: home.folder });
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/^NOT_FOUND: the run has no model that was imported from OpenFlamingo.*\n$/);
    expect(existsSync(out)).toBe(false);
    const whole = await trainedRun("flamingo-gpt2-every2", "perceiver.latents");
    const other = await callFlamingo(["export", whole.folder, "--to", "huggingface"], { home: whole.home.folder });
    expect(other.err).toMatch(/^NOT_FOUND: the run has no model that was imported from transformers.*\n$/);
    const full = await callFlamingo(["export", folder, "--to", "safetensors", "--out", folder], { home: home.folder });
    expect(full.err).toMatch(/^CONFLICT: .* is not empty.*\n$/);
    const unknown = await callFlamingo(["export", folder, "--to", "onnx"], { home: home.folder });
    expect(unknown.err).toMatch(/^USAGE: --to is "onnx"/);
  });
});
