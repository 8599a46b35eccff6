import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ImportedModel, requestHeader, type StoredPipeline, uploadPart } from "../../editor/shared/protocol.ts";
import { findPretrained } from "../../src/models/imported.ts";
import { modelFolder } from "../models/modelFolder.ts";
import { openStudio, type TestStudio } from "./openStudio.ts";

const filesOf = (folder: string) =>
  readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));

async function put(studio: TestStudio, path: string, bytes: Uint8Array) {
  const headers = { origin: studio.origin, "content-type": "application/octet-stream", [requestHeader]: "1" };
  return studio.ask(`/api/uploads/${path}`, { method: "PUT", headers, body: Uint8Array.from(bytes) });
}

async function begin(studio: TestStudio, name: string, files: { name: string; size: number }[]) {
  const response = await studio.send("POST", `/api/uploads/${name}`, { files });
  return { status: response.status, body: (await response.json()) as { error?: { code: string; message: string } } };
}

async function open(studio: TestStudio, request: object) {
  const response = await studio.send("POST", "/api/models", request);
  const body = (await response.json()) as ImportedModel & { error: { code: string; message: string } };
  return { status: response.status, body };
}

test("a model at a path becomes a pipeline, and its weights stay there", async () => {
  const studio = await openStudio();
  const path = modelFolder("gpt2");
  const { status, body } = await open(studio, { path, name: "small", quantize: 4 });
  expect(status).toBe(200);
  expect(body).toMatchObject({ id: "small", family: "GPT-2" });
  const { pipeline } = (await (await studio.ask("/api/pipelines/small")).json()) as StoredPipeline;
  expect(pipeline.nodes.model).toMatchObject({ type: "FlamingoLanguageModel", weights: "small" });
  expect(findPretrained(join(studio.home, "models"))({ weights: "small" })).toMatchObject({ bits: 4 });
  expect(readdirSync(join(studio.home, "models"))).toEqual(["small.json"]);
  const nowhere = await open(studio, { path: "/nowhere/at/all" });
  expect(nowhere).toMatchObject({ status: 404, body: { error: { code: "NOT_FOUND" } } });
});

test("files that a browser sends, in parts, become a model of the studio's own folder", async () => {
  const studio = await openStudio();
  const files = filesOf(modelFolder("llama-3"));
  const list = files.map(({ name, bytes }) => ({ name, size: bytes.length }));
  expect((await begin(studio, "sent", list)).status).toBe(200);
  for (const { name, bytes } of files)
    for (let from = 0; from < bytes.length; from += 1000)
      expect((await put(studio, `sent/${name}?from=${from}`, bytes.subarray(from, from + 1000))).status).toBe(200);
  expect(await open(studio, { name: "sent" })).toMatchObject({ status: 200, body: { id: "sent", family: "LLaMA" } });
  expect(readdirSync(join(studio.home, "models")).sort()).toEqual(["sent", "sent.json"]);
  expect(findPretrained(join(studio.home, "models"))({ weights: "sent" }).tensors.size).toBeGreaterThan(5);
  expect((await begin(studio, "sent", list)).body.error?.code).toBe("CONFLICT");
});

test("what is no part of a model, comes twice, or is too long is refused, and what was given up is thrown away", async () => {
  const studio = await openStudio();
  const config = { name: "config.json", size: 4 };
  const models = join(studio.home, "models");
  expect((await begin(studio, "bad", [{ name: "../evil.json", size: 1 }, config])).body.error?.code).toBe("USAGE");
  expect((await begin(studio, "bad", [{ name: "run.sh", size: 1 }, config])).body.error?.message).toContain('"run.sh"');
  expect((await begin(studio, "bad", [{ name: "a.safetensors", size: 1 }])).body.error?.message).toContain(
    "no config.json",
  );
  expect((await begin(studio, "bad", [config, { name: "a.bin", size: 1e15 }])).body.error?.code).toBe("DISK_FULL");
  expect((await begin(studio, "..", [config])).status).toBeGreaterThanOrEqual(400);
  expect(existsSync(models) ? readdirSync(models) : []).toEqual([]);

  expect((await put(studio, "bad/config.json?from=0", Buffer.from("{}"))).status).toBe(404);
  expect((await begin(studio, "bad", [config])).status).toBe(200);
  expect((await put(studio, "bad/other.json?from=0", Buffer.from("{}"))).status).toBe(404);
  expect((await put(studio, "bad/config.json?from=0", Buffer.from("{}"))).status).toBe(200);
  for (const wrong of ["from=0", "from=1", "from=x", "from=-2"])
    expect((await put(studio, `bad/config.json?${wrong}`, Buffer.from("{}"))).status, wrong).toBe(400);
  expect((await put(studio, "bad/config.json?from=2", Buffer.from("{} "))).status).toBe(400);
  expect((await put(studio, "bad/config.json?from=2", Buffer.alloc(uploadPart + 1))).status).toBe(413);
  expect((await open(studio, { name: "bad" })).body.error.message).toBe("config.json has 2 of 4 bytes");
  await studio.send("DELETE", "/api/uploads/bad", {});
  expect(readdirSync(models)).toEqual([]);
});

test("files that are no model leave nothing behind", async () => {
  const studio = await openStudio();
  const text = Buffer.from('{"model_type": "unheard-of"}');
  await begin(studio, "odd", [{ name: "config.json", size: text.length }]);
  await put(studio, "odd/config.json?from=0", text);
  const { status, body } = await open(studio, { name: "odd" });
  expect(status).toBe(400);
  expect(body.error.message).toContain('unknown family: model_type is "unheard-of"');
  expect(readdirSync(join(studio.home, "models"))).toEqual([]);
});
