import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs"; // biome-ignore format: one line
import { join } from "node:path";
import { expect, test } from "vitest";
import { FlamingoError } from "../../src/core/errors.ts";
import { findPretrained } from "../../src/models/imported.ts";
import { readPipeline } from "../../src/pipeline/schema.ts";
import { findHome } from "../../src/runs/home.ts";
import { caseTensors, modelFolder } from "../models/modelFolder.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { callFlamingo } from "./callFlamingo.ts";

const place = () => findHome({ FLAMINGO_HOME: join(temporaryFolder(), "home") });

test("a folder becomes a pipeline that starts from its weights, which stay where they are", async () => {
  const home = place();
  const folder = modelFolder("gpt2");
  const { code, out, err } = await callFlamingo(["import", folder, "--name", "small"], { home: home.folder });
  expect(err).toBe("");
  expect(code).toBe(0);
  expect(out).toMatch(/^GPT-2: 0\.0 M parameters, F32, /);
  const pipeline = readPipeline(readFileSync(join(home.pipelines, "small.json"), "utf8"), "small.json");
  expect(pipeline.nodes.model).toMatchObject({ type: "FlamingoLanguageModel", weights: "small", label: "GPT-2" });
  const { tensors } = findPretrained(home.models)({ weights: "small" });
  expect(tensors.get("embed_tokens.weight")!.data).toEqual(caseTensors("gpt2").get("transformer.wte.weight")!.data);
});

test("a checkpoint without a config.json says so, and is read with one from elsewhere", async () => {
  const home = place();
  const folder = modelFolder("flamingo-opt-every1");
  const config = join(temporaryFolder(), "opt.json");
  renameSync(join(folder, "config.json"), config);
  const path = join(folder, "model.safetensors");
  const without = await callFlamingo(["import", path], { home: home.folder });
  expect(without.code).toBe(1);
  expect(without.err).toMatch(
    /^INVALID_CONFIG: .*config\.json: there is no such file.*OpenFlamingo.*name it with --config: \{.*\n$/,
  );
  const given = await callFlamingo(["import", path, "--config", config, "--name", "whole"], { home: home.folder });
  expect(given.code, given.err).toBe(0);
  expect(given.out).toMatch(/^OpenFlamingo: /);
  expect(findPretrained(home.models)({ weights: "whole" }).tensors.has("perceiver.latents")).toBe(true);
});

test("a name that is taken is refused, and the first stays as it was", async () => {
  const home = place();
  await callFlamingo(["import", modelFolder("gpt2")], { home: home.folder });
  const before = readFileSync(join(home.models, "gpt2.json"), "utf8");
  const { code, err } = await callFlamingo(["import", modelFolder("gpt2")], { home: home.folder });
  expect(code).toBe(1);
  expect(err).toBe(
    'CONFLICT: "gpt2" is the name of imported weights already. Fix: choose another name with --name, or replace them and their pipeline with --overwrite\n',
  );
  expect(readFileSync(join(home.models, "gpt2.json"), "utf8")).toBe(before);
  for (const name of ["emoji-language", "emoji-captions"])
    expect((await callFlamingo(["import", modelFolder("gpt2"), "--name", name], { home: home.folder })).code).toBe(1);
});

test("--overwrite puts a model in the place of one that was imported, and of nothing else", async () => {
  const home = place();
  const called = (...args: string[]) => callFlamingo(["import", ...args], { home: home.folder });
  await called(modelFolder("gpt2"), "--name", "mine");
  const other = modelFolder("opt");
  const { code, err } = await called(other, "--name", "mine", "--overwrite");
  expect(code, err).toBe(0);
  expect(JSON.parse(readFileSync(join(home.models, "mine.json"), "utf8")).path).toBe(realpathSync(other));
  expect(readFileSync(join(home.pipelines, "mine.json"), "utf8")).toContain('"OPT"');
  writeFileSync(join(home.pipelines, "drawn.json"), "{}");
  for (const name of ["drawn", "emoji-language", "emoji-captions"])
    expect((await called(other, "--name", name, "--overwrite")).err).toMatch(
      /^CONFLICT: .*Fix: choose another name with --name\n$/,
    );
  expect(readFileSync(join(home.pipelines, "drawn.json"), "utf8")).toBe("{}");
});

test("what fails after the checks leaves nothing, and the name is free for another try", async () => {
  const home = place();
  const imported = ["import", modelFolder("gpt2"), "--quantize", "8"];
  const quantizationCost = async () => {
    throw new FlamingoError("DEVICE_UNAVAILABLE", "no device", { fix: "plug one in" });
  };
  const failed = await callFlamingo(imported, { home: home.folder, quantizationCost });
  expect(failed.err).toMatch(/DEVICE_UNAVAILABLE: no device/);
  expect(existsSync(home.folder)).toBe(false);
  mkdirSync(home.folder);
  writeFileSync(home.models, "a file in the way");
  expect((await callFlamingo(imported, { home: home.folder })).err).toMatch(/RUN_FOLDER: .*models cannot be used/);
  expect(readdirSync(home.pipelines)).toEqual([]);
  rmSync(home.models);
  expect((await callFlamingo(imported, { home: home.folder })).code).toBe(0);
});

test("a path that is mistyped is named, with what was probably meant", async () => {
  const folder = modelFolder("gpt2");
  const { code, err } = await callFlamingo(["import", folder.replace(/gpt2$/, "gtp2")]);
  expect(code).toBe(1);
  expect(err).toMatch(/^NOT_FOUND: there is nothing at .*gtp2\. Fix: did you mean .*gpt2\? If not, name a folder/);
});

const large = { w: { dtype: "F32", shape: [25e9], data_offsets: [0, 100e9] } };
const withHeader = (header: object | string) => {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(1000)]);
};
const overlapping = {
  a: { dtype: "U8", shape: [600], data_offsets: [0, 600] },
  b: { dtype: "U8", shape: [600], data_offsets: [400, 1000] },
};
const fixture = (name: string) => readFileSync(join(import.meta.dirname, "../fixtures/pytorch", name));

test.each([
  ["a truncated file", (whole: Buffer) => whole.subarray(0, -5), /ends at byte \d+ of the numbers.*it is cut off/],
  [
    "a header too long",
    () => Buffer.concat([Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]), Buffer.alloc(50)]),
    /claims 4294967295/,
  ],
  ["tensors that overlap", () => withHeader(overlapping), /"b" overlaps with tensor "a"/],
  ["a claim of 100 GB", () => withHeader(large), /"w" ends at byte 100000000000/],
  ["a pickle that calls os.system", () => fixture("shell.pt"), /asks for "posix\.system".*nothing of it was run/],
  ["a claim of 100 GB in a pickle", () => fixture("claim.pt"), /25000000000 of F32 take 100000000000/],
])("%s gives one line, and nothing is written", async (_, change, says) => {
  const home = place();
  const folder = modelFolder("gpt2");
  const file = join(folder, "model.safetensors");
  writeFileSync(file, change(readFileSync(file)));
  const { code, out, err } = await callFlamingo(["import", folder], { home: home.folder });
  expect(code).toBe(1);
  expect(out).toBe("");
  expect(err).toMatch(/^INVALID_WEIGHTS: .*\n$/);
  expect(err).toMatch(says);
  expect(existsSync(home.folder)).toBe(false);
});

/** A folder with a tokenizer, whose embeddings have a row for each of its tokens. */
function folderWithTokenizer(): string {
  const tokenizer = join(import.meta.dirname, "../fixtures/families/tokenizer-bytelevel-bpe/tokenizer.json");
  const { model, added_tokens: added } = JSON.parse(readFileSync(tokenizer, "utf8"));
  const tokens = Object.keys(model.vocab).length + added.length;
  const folder = modelFolder("llama-3", (tensors, config) => {
    config.vocab_size = tokens;
    delete config.pad_token_id;
    const data = Float32Array.from({ length: 12 * tokens }, (_, at) => Math.sin(at * at));
    return tensors.set("model.embed_tokens.weight", { dtype: "F32", shape: [tokens, 12], data });
  });
  copyFileSync(tokenizer, join(folder, "tokenizer.json"));
  return folder;
}

test("weights that are to be held in few bits: the memory and the change in log-likelihood are told, and a run holds them so", async () => {
  const home = place();
  const imported = ["import", folderWithTokenizer(), "--name", "small", "--quantize", "8"];
  const { code, out, err } = await callFlamingo(imported, { home: home.folder });
  expect(err).toBe("measuring the log-likelihood in single precision and quantised\n");
  expect(code).toBe(0);
  expect(out).toMatch(/held in 8 bits: \d+\.\d MB on the device, \d+\.\d MB in single precision\n/);
  const [, held, single] = /text: (-\d+\.\d+) nats a token, (-\d+\.\d+) in single precision\n/.exec(out)!;
  expect(Math.abs(Number(held) - Number(single))).toBeLessThan(0.05);
  expect(findPretrained(home.models)({ weights: "small" }).bits).toBe(8);
});

test("a model of fewer positions than the text has tokens is measured on those that it takes", async () => {
  const tokenizer = join(import.meta.dirname, "../fixtures/families/tokenizer-bytelevel-bpe/tokenizer.json");
  const { model, added_tokens: added } = JSON.parse(readFileSync(tokenizer, "utf8"));
  const tokens = Object.keys(model.vocab).length + added.length;
  const rows = (count: number) => ({
    ...{ dtype: "F32" as const, shape: [count, 16] },
    data: Float32Array.from({ length: 16 * count }, (_, at) => Math.sin(at * at)),
  });
  const folder = modelFolder("gpt2", (tensors, config) => {
    Object.assign(config, { vocab_size: tokens, n_positions: 128, bos_token_id: null, eos_token_id: null });
    return tensors.set("transformer.wte.weight", rows(tokens)).set("transformer.wpe.weight", rows(128));
  });
  copyFileSync(tokenizer, join(folder, "tokenizer.json"));
  const { out } = await callFlamingo(["import", folder, "--quantize", "8"], { home: place().folder });
  expect(out).toMatch(/log-likelihood of an English text: -\d+\.\d+ nats a token, -\d+\.\d+ in single precision\n/);
});

test("an image encoder that is to be held in few bits is frozen, and other bits than 8 and 4 are refused", async () => {
  const home = place();
  const folder = modelFolder("clip-vision");
  const { out } = await callFlamingo(["import", folder, "--quantize", "4"], { home: home.folder });
  expect(out).toContain("was not measured: it is no language model with a tokenizer.json that reads text alone\n");
  const pipeline = readPipeline(readFileSync(join(home.pipelines, "clip-vision.json"), "utf8"), "clip-vision.json");
  expect(pipeline.nodes.model).toMatchObject({ frozen: true, weights: "clip-vision" });
  const refused = await callFlamingo(["import", folder, "--name", "b", "--quantize", "3"], { home: home.folder });
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('--quantize is "3", expected 8 or 4');
});
