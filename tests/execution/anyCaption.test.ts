import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { withImages } from "../../src/command/withImages.ts";
import { captionImages } from "../../src/execution/captionImages.ts";
import { readTemplate } from "../../src/runs/templates.ts";
import { temporaryFolder } from "../runs/temporaryFolder.ts";
import { carryOut, newRun } from "./smallRun.ts";

/** Captions that no pretraining text has, in scripts of two, three and four bytes a character. */
const captions = {
  "#e02020": "緑色の四角形が一つ",
  "#2040e0": "Ein Fuchs 🦊, größer als 2 Häuser",
  "#20a030": "شجرة خضراء",
};

test("a model that starts from the shipped weights says captions of any script as they were written", async () => {
  const folder = join(temporaryFolder(), "images");
  await mkdir(folder);
  const lines: string[] = [];
  for (const [at, [background, caption]] of Object.entries(captions).entries()) {
    await sharp({ create: { width: 32, height: 32, channels: 3, background } })
      .png()
      .toFile(join(folder, `${at}.png`));
    lines.push(JSON.stringify({ file: `${at}.png`, caption }));
  }
  await writeFile(join(folder, "captions.jsonl"), lines.join("\n"));
  const { nodes, edges, ...rest } = withImages(await readTemplate("own-images"), folder, "the template");
  const { samples: _, evaluate: __, ...kept } = nodes;
  const change = (id: string, config: object) => ({ ...kept[id]!, config: { ...kept[id]!.config, ...config } });
  const pipeline = {
    ...rest,
    nodes: {
      ...kept,
      images: change("images", { batch: 4, media: 1, heldOut: 0 }),
      train: change("train", { steps: 240, warmup: 10 }),
    },
    edges: edges.filter(({ to }) => to[0] in kept),
  };
  const { folder: run, outcome } = await carryOut(await newRun(pipeline));
  expect(outcome).toBe("succeeded");
  const images = Object.keys(captions).map((_, at) => join(folder, `${at}.png`));
  const said = await captionImages({ folder: run, device: "wasm", images, log: { append: () => {} } });
  expect(said).toEqual(Object.values(captions));
}, 300_000);
