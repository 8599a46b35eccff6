import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openModelTokenizer } from "../../src/data/modelTokenizer.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { type Tensor, tensor } from "../../src/engine/tensor.ts";
import { type ContinueTextOptions, continueText } from "../../src/execution/continueText.ts";
import { importModel } from "../../src/execution/importModel.ts";
import { findBlock } from "../../src/execution/registry.ts";
import { build } from "../../src/models/build.ts";
import { findImported } from "../../src/models/imported.ts";
import { languageFolder } from "../models/languageFolder.ts";
import { modelFolder } from "../models/modelFolder.ts";
import { smallTokenizer } from "../parity/exported.ts";
import { home, images } from "./smallRun.ts";

const { models } = home;
const image = (name: string) => join(images, name);

const ask = (options: Partial<ContinueTextOptions> & Pick<ContinueTextOptions, "model">) =>
  continueText({
    ...{ models, prompt: "the cat", images: [], device: "cpu", generation: { most: 6 }, log: { append: () => {} } },
    ...options,
  });

test("an imported language model continues a text with the likeliest token each time", async () => {
  await importModel({ path: languageFolder({ parent: home.folder }), name: "language", home });
  const said = await ask({ model: "language" });
  const model = findImported(models, "language")!;
  const tokenizer = openModelTokenizer(model.tokens!);
  await openDevice("cpu");
  const run = build(findBlock(model.block.type)!, model.block.config!, { from: model });
  const ids = tokenizer.prompt("the cat", false);
  const before = ids.length;
  for (let step = 0; step < 6; step++) {
    const logits = run({ ids: tensor(Int32Array.from(ids), [1, ids.length], "int32") }) as unknown as Tensor;
    const scores = (await logits.data()).slice(-logits.shape[2]!);
    const next = scores.indexOf(Math.max(...scores));
    if (next === tokenizer.special.eos) break;
    ids.push(next);
  }
  expect(said).toBe(tokenizer.decode(ids.slice(before)));
  const sampling = { temperature: 2, seed: 4 };
  const drawn = await ask({ model: "language", generation: { most: 6, sampling } });
  expect(drawn).not.toBe(said);
  expect(await ask({ model: "language", generation: { most: 6, sampling } })).toBe(drawn);
});

test("an imported OpenFlamingo continues a text with images, each in its place", async () => {
  const folder = modelFolder("flamingo-gpt2-every2", undefined, home.folder);
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(smallTokenizer(30)));
  await importModel({ path: folder, name: "whole", home });
  const [red, blue] = [image("red-heart.png"), image("blue-star.png")];
  const first = await ask({ model: "whole", prompt: "", images: [red] });
  expect(await ask({ model: "whole", prompt: "<image>", images: [red] })).toBe(first);
  await ask({ model: "whole", prompt: "<image>a<|endofchunk|><image>", images: [red, blue] });
  await expect(ask({ model: "whole", prompt: "<image>a<image>", images: [red] })).rejects.toMatchObject({
    code: "MEDIA_COUNT",
    message: "the prompt has 2 <image>, and 1 images were given",
  });
  await expect(ask({ model: "whole" })).rejects.toMatchObject({ code: "MEDIA_COUNT" });
});

test("what continues no text is refused in one sentence", async () => {
  await importModel({ path: modelFolder("clip-vision", undefined, home.folder), name: "vision", home });
  await expect(ask({ model: "vision" })).rejects.toMatchObject({
    code: "INVALID_WEIGHTS",
    message: '"vision" is a ClipVision, which continues no text',
  });
  await expect(ask({ model: "nobody" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await importModel({ path: modelFolder("opt", undefined, home.folder), name: "silent", home });
  await expect(ask({ model: "silent" })).rejects.toThrow('"silent" has no tokenizer');
});
