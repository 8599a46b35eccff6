import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importModel } from "../../src/execution/importModel.ts";
import { readPipeline } from "../../src/pipeline/schema.ts";
import { modelFolder } from "../models/modelFolder.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";

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
