import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findBlock } from "../../src/core/registry.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { build } from "../../src/models/build.ts";
import { modelOf } from "../../src/models/families/index.ts";
import { checkpointNames, frozenNames } from "../../src/models/families/openFlamingo.ts";
import { type ModelFiles, openModel } from "../../src/models/modelFiles.ts";
import { saveWeights } from "../../src/weights/file.ts";
import { type NameMap, toTheirs } from "../../src/weights/nameMap.ts";
import { openWeights } from "../../src/weights/openWeights.ts";
import { savePytorch } from "../../src/weights/pytorch/write.ts";
import { saveShards } from "../../src/weights/shards.ts";
import type { StoredTensor } from "../../src/weights/storedTensor.ts";
import { refusalOf } from "../core/refusalOf.ts";
import { caseTensors, modelFolder } from "./modelFolder.ts";

type Tensors = Map<string, StoredTensor>;
const renamed = (tensors: Tensors, rename: (name: string) => string): Tensors =>
  new Map([...tensors].map(([name, value]) => [rename(name), value]));

/** The largest difference between the logits of the reference and those of the model in the folder. */
async function deviation(folder: string): Promise<number> {
  const { block, ...from } = openModel({ path: folder });
  const model = build(findBlock(block.type)!, block.config ?? {}, { from });
  const inputs = caseTensors("gpt2", "inputs");
  const ids = inputs.get("input_ids")!;
  const logits = tidy(() => model({ ids: tensor(ids.data as Int32Array, [...ids.shape], "int32") }) as never as Tensor);
  const ours = await logits.data();
  logits.dispose();
  model.dispose();
  const expected = caseTensors("gpt2", "expected").get("logits")!;
  return Math.max(...Array.from(ours, (value, at) => Math.abs(value - Number(expected.data[at]))));
}

describe.each(["cpu", "wasm"] as const)("a folder of transformers on %s", (device) => {
  beforeAll(() => openDevice(device));

  test("gives the logits of the library, with the names of either class and those of parallel training", async () => {
    const tied = (tensors: Tensors) =>
      new Map([...tensors, ["lm_head.weight", tensors.get("transformer.wte.weight")!]]);
    for (const change of [
      (tensors: Tensors) => tensors,
      (tensors: Tensors) => renamed(tensors, (name) => name.replace("transformer.", "")),
      (tensors: Tensors) => renamed(tensors, (name) => `module.${name}`),
      tied,
    ])
      expect(await deviation(modelFolder("gpt2", change))).toBeLessThan(1e-4);
  });

  test("the same from several files", async () => {
    const folder = modelFolder("gpt2");
    rmSync(join(folder, "model.safetensors"));
    await saveShards(folder, caseTensors("gpt2"), { shardBytes: 5000 });
    expect(await deviation(folder)).toBeLessThan(1e-4);
  });
});

describe("what does not fit is listed by name", () => {
  const wrong = (change: (tensors: Tensors, config: Record<string, unknown>) => void) =>
    refusalOf(() =>
      openModel({
        path: modelFolder("gpt2", (tensors, config) => {
          change(tensors, config);
          return tensors;
        }),
      }),
    );

  test("missing, unexpected and wrongly shaped tensors, all in one line", () => {
    const refusal = wrong((tensors) => {
      tensors.delete("transformer.h.1.ln_2.bias");
      tensors.set("transformer.h.7.ln_2.bias", tensors.get("transformer.h.0.ln_2.bias")!);
      tensors.set("transformer.ln_f.bias", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) });
    });
    expect(refusal.code).toBe("INVALID_WEIGHTS");
    expect(refusal.message).toMatch(
      /does not fit the model: it lacks 1 tensor: transformer\.h\.1\.ln_2\.bias; it has 1 tensor that the model does not: transformer\.h\.7\.ln_2\.bias; it has 1 tensor of another shape: transformer\.ln_f\.bias is \[2\], expected \[16\]$/,
    );
  });

  test("a config.json of another size", () => {
    const refusal = wrong((_, config) => Object.assign(config, { n_layer: 3 }));
    expect(refusal.message).toMatch(/it lacks 12 tensors: transformer\.h\.2\.ln_1\.weight/);
  });

  test("an option that is not supported, and a family that is not known", () => {
    expect(wrong((_, config) => Object.assign(config, { add_cross_attention: true })).message).toMatch(/add_cross/);
    expect(wrong((_, config) => Object.assign(config, { model_type: "t5", architectures: ["T5"] })).message).toMatch(
      /t5/,
    );
  });

  const tokenizer = (content: unknown) => {
    const folder = modelFolder("gpt2", (tensors, config) => {
      Object.assign(config, { bos_token_id: 3, eos_token_id: 3 });
      return tensors;
    });
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(content));
    return () => openModel({ path: folder });
  };
  const eos = { id: 3, content: "<eos>", special: true };

  test("a tokenizer of another family", () => {
    const other = { id: 9, content: "</s>", special: true };
    const refusal = refusalOf(tokenizer({ model: { vocab: { a: 0, b: 1 } }, added_tokens: [other] }));
    expect(refusal.code).toBe("INVALID_DATA");
    expect(refusal.message).toMatch(/tokenizer of another model: the bos_token_id of config\.json is 3, and 3 is none/);
    expect(refusalOf(tokenizer({ model: { vocab: { a: 0, b: 1e6 } }, added_tokens: [eos] })).message).toMatch(
      /id 1000000/,
    );
    expect(tokenizer({ model: { vocab: { a: 0, b: 1 } }, added_tokens: [eos] })).not.toThrow();
  });

  test("a model whose texts end in several ways must have each among its special tokens", () => {
    const ends = (...ids: number[]) => {
      const folder = modelFolder("gpt2", (tensors, config) => {
        Object.assign(config, { bos_token_id: 3, eos_token_id: ids });
        return tensors;
      });
      const added = [1, 3].map((id) => ({ id, content: `<${id}>`, special: true }));
      const content = JSON.stringify({ model: { vocab: { a: 0 } }, added_tokens: added });
      writeFileSync(join(folder, "tokenizer.json"), content);
      return () => openModel({ path: folder });
    };
    expect(ends(1, 3)).not.toThrow();
    expect(refusalOf(ends(1, 2)).message).toMatch(/eos_token_id of config\.json is \[1,2\], and 2 is none/);
  });

  test("ids that GPT-NeoX' configuration has where nobody set them are no other tokenizer's", () => {
    const folder = modelFolder("gpt-neox", (tensors, config) => {
      Object.assign(config, { bos_token_id: 0, eos_token_id: 2 });
      return tensors;
    });
    const added = [{ id: 1, content: "<|endoftext|>", special: true }];
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify({ model: { vocab: { a: 0 } }, added_tokens: added }));
    expect(() => openModel({ path: folder })).not.toThrow();
  });

  test("a folder without config.json, and one without weights", () => {
    const folder = modelFolder("gpt2");
    rmSync(join(folder, "model.safetensors"));
    expect(refusalOf(() => openModel({ path: folder })).message).toMatch(/has none of model\.safetensors/);
    rmSync(join(folder, "config.json"));
    expect(refusalOf(() => openModel({ path: folder })).message).toMatch(/config\.json: there is no such file/);
    writeFileSync(join(folder, "mine.pt"), "");
    writeFileSync(join(folder, "config.json"), '{"model_type": "gpt2"}');
    expect(refusalOf(() => openModel({ path: folder })).fix).toBe("name the file of the weights: mine.pt");
  });

  test("a path that is not there, with what was probably meant", () => {
    const folder = modelFolder("gpt2");
    const wrong = join(dirname(folder), "gtp2", "model.safetensors");
    const refusal = refusalOf(() => openModel({ path: wrong }));
    expect(refusal).toMatchObject({
      code: "NOT_FOUND",
      message: `there is nothing at ${wrong}: ${dirname(folder)} has no gtp2`,
      fix: expect.stringMatching(`^did you mean ${folder}\\? If not, name a folder`),
    });
    for (const part of ["config", "vision", "language"] as const)
      expect(refusalOf(() => openModel({ path: folder, [part]: wrong })).message).toContain(`nothing at ${wrong}`);
  });

  test.each([
    ["lists nested 50,000 deep", `{"a": ${"[".repeat(5e4)}${"]".repeat(5e4)}}`, /the file is nested deeper than 200/],
    ["a key of 30 MB", `{"${"k".repeat(3e7)}": 1}`, /the file has a key of 30000000 characters/],
  ])("%s in config.json or tokenizer.json", (_, text, says) => {
    for (const file of ["config.json", "tokenizer.json"]) {
      const folder = modelFolder("gpt2");
      writeFileSync(join(folder, file), text);
      const { code, message } = refusalOf(() => openModel({ path: folder }));
      expect(code).toBe(file === "config.json" ? "INVALID_CONFIG" : "INVALID_DATA");
      expect(message).toMatch(says);
    }
  });
});

describe("an OpenFlamingo checkpoint", () => {
  const whole = () => modelFolder("flamingo-gpt2-every2");

  /** The whole model's folder with the checkpoint alone, as it is distributed. @param parts whether the frozen parts are beside it */
  async function split(parts: boolean): Promise<string> {
    const { tensors, config } = openModel({ path: whole() });
    const folder = modelFolder("flamingo-gpt2-every2", (all) => {
      const isFrozen = /^vision_encoder|old_decoder_blocks|decoder_layer|wpe|ln_f|\.gated_cross_attn_layers/;
      return new Map([...all].filter(([name]) => !isFrozen.test(name)));
    });
    const save = (names: NameMap, file: string) =>
      saveWeights(
        join(folder, file),
        names.map((each) => [each.theirs, { dtype: "F32", ...toTheirs(each, (name) => tensors.get(name)!) }]),
      );
    const { vision, language } = frozenNames(config);
    await save(vision, parts ? "frozen-vision.safetensors" : "vision.bin");
    await save(language, parts ? "frozen-lang.safetensors" : "language.bin");
    return folder;
  }
  test("is found in a folder as it is distributed, and its config.json may say what OpenFlamingo says nowhere", async () => {
    const folder = modelFolder("flamingo-gpt2-every2", (all, config) => {
      Object.assign(config, { is_encoder_decoder: false, torch_dtype: "float32" });
      return all;
    });
    await savePytorch(join(folder, "checkpoint.pt"), openWeights(folder).tensors);
    rmSync(join(folder, "model.safetensors"));
    expect(numbers({ path: folder })).toEqual(numbers({ path: whole() }));
    expect(() => checkpointNames(openModel({ path: folder }).config)).not.toThrow();
    rmSync(join(folder, "config.json"));
    const { code, fix } = refusalOf(() => openModel({ path: folder }));
    expect(code).toBe("INVALID_CONFIG");
    expect(fix).toMatch(/^these are weights of OpenFlamingo, .*"lang": \(the config\.json of the language model\)/);
  });

  const numbers = (files: ModelFiles) => new Map([...openModel(files).tensors].map(([name, { data }]) => [name, data]));

  test("without its frozen parts takes them from files beside it, or those that are named, and says so", async () => {
    const folder = await split(true);
    expect(numbers({ path: folder })).toEqual(numbers({ path: whole() }));
    expect(openModel({ path: folder }).notes).toEqual([
      expect.stringMatching(
        /leaves out \d+ weights of a frozen part, which are read from .*frozen-vision\.safetensors$/,
      ),
      expect.stringMatching(/frozen-lang\.safetensors$/),
    ]);
    const apart = await split(false);
    const [vision, language] = [join(apart, "vision.bin"), join(apart, "language.bin")];
    expect(numbers({ path: join(apart, "model.safetensors"), vision, language })).toEqual(numbers({ path: whole() }));
  });

  test("leaves out an output layer that is not tied: the special tokens' rows of it are the mean of the others", async () => {
    const name = "flamingo-llama-every1";
    const whole = openModel({ path: modelFolder(name) }).tensors;
    const { weights: names } = modelOf(openModel({ path: modelFolder(name) }).config);
    const isStored = (ours: readonly string[]) => /^perceiver|gated|embed_tokens/.test(ours[0]!);
    const stored = new Set(
      names.filter(({ ours }) => isStored(ours)).flatMap(({ theirs, aliases = [] }) => [theirs, ...aliases]),
    );
    const folder = modelFolder(name, (all) => new Map([...all].filter(([each]) => stored.has(each))));
    const parts = frozenNames(openModel({ path: modelFolder(name) }).config);
    for (const [file, map] of [["frozen-vision", parts.vision], ["frozen-lang", parts.language]] as const) // biome-ignore format: one line
      await saveWeights(
        join(folder, `${file}.safetensors`),
        map.map((each) => [each.theirs, { dtype: "F32", ...toTheirs(each, (own) => whole.get(own)!) }]),
      );
    const { tensors, notes } = openModel({ path: folder });
    expect(notes.at(-1)).toMatch(/^no file has the output layer's rows of the special tokens/);
    const own = whole.get("lang_encoder.logits.weight")!;
    expect(tensors.get("lang_encoder.logits.weight")!.data).toEqual(own.data);
    const [rows, columns] = own.shape as [number, number];
    const { data, shape } = tensors.get("lang_encoder.logits.new_tokens")!;
    expect(shape).toEqual([3, columns]);
    for (const [at, value] of data.entries()) {
      const column = Array.from({ length: rows }, (_, row) => own.data[row * columns + (at % columns)]!);
      expect(value).toBeCloseTo(column.reduce((sum, each) => sum + each, 0) / rows, 6);
    }
  });

  test("whose frozen parts are nowhere is refused, and what is missing is listed", async () => {
    const folder = await split(false);
    expect(() => openModel({ path: folder })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/it lacks \d+ tensors: vision_encoder\.class_embedding, .* and \d+ more$/),
        details: expect.objectContaining({ fix: "give the frozen parts with --vision and --language" }),
      }),
    );
  });
});
