import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importModel } from "../../src/execution/importModel.ts";
import { prepareRun } from "../../src/execution/prepare.ts";
import { findImported } from "../../src/models/imported.ts";
import { parsePipeline, pipelineVersion, readPipeline } from "../../src/pipeline/schema.ts";
import { readRun } from "../../src/runs/folder.ts";
import { modelFolder } from "../models/modelFolder.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { carryOut, home, newestOf, newRun, quietly, smallPipeline } from "./smallRun.ts";

test("an image encoder's pipeline takes the images of our sources: it begins with the statistics that it was trained with", async () => {
  const home = temporaryFolder();
  const { pipeline } = await importModel({
    path: modelFolder("clip-vision"),
    home: { models: join(home, "models"), pipelines: join(home, "pipelines") },
  });
  const { nodes } = readPipeline(readFileSync(pipeline, "utf8"), pipeline);
  const pixels = { type: "NormalizePixels", config: { statistics: "clip" } };
  expect(nodes.model).toMatchObject({ type: "ClipVision", config: { pixels, visualDim: 16 }, weights: "clip-vision" });
});

test("an imported image encoder fills the vision slot of a Flamingo, which trains on from its weights", async () => {
  const { pipeline: file } = await importModel({ path: modelFolder("clip-vision"), name: "clip", home });
  const { model } = readPipeline(readFileSync(file, "utf8"), file).nodes;
  const { imageSize, visualDim, ...config } = model!.config as { imageSize: number; visualDim: number };
  const small = smallPipeline({ without: ["encoder", "samples", "evaluate"], config: { data: { imageSize } } });
  const { resampler, language, data, loss, train } = small.nodes;
  const slot = ({ type, config }: typeof resampler & object) => {
    const { visualDim: _, ...others } = config as Record<string, unknown>;
    return { type, config: others };
  };
  const flamingo = {
    ...{ imageSize, visualDim, visionEncoder: { type: "ClipVision", config, weights: "clip" } },
    ...{ resampler: slot(resampler!), languageModel: slot(language!) },
  };
  const wire = (from: string, to: string) => ({ from: from.split("."), to: to.split(".") });
  const { outcome, error, folder } = await carryOut(
    await newRun(
      parsePipeline(
        {
          ...{ format: "flamingo-pipeline", version: pipelineVersion, name: "Flamingo with CLIP" },
          nodes: { data, flamingo: { type: "Flamingo", config: flamingo }, loss, train },
          edges: [
            ...[wire("data.images", "flamingo.images"), wire("data.ids", "flamingo.ids")],
            ...[wire("flamingo.logits", "loss.logits"), wire("data.targets", "loss.targets")],
            wire("loss.loss", "train.loss"),
          ],
        },
        "the test",
      ),
    ),
  );
  expect({ outcome, error }).toEqual({ outcome: "succeeded", error: undefined });
  const trained = [...(await newestOf(folder)).weights.keys()];
  expect(trained.filter((name) => name.startsWith("flamingo.vision_encoder"))).toEqual([]);
  const record = await readRun(folder);
  const { model: whole } = await prepareRun(record, { ...quietly("wasm"), models: home.models });
  const { data: stored } = findImported(home.models, "clip")!.tensors.get("class_token")!;
  const [token] = whole.weights.all("flamingo.vision_encoder.class_token");
  expect(await token!.variable.data()).toEqual(stored);
});
