import { describe, expect, test } from "vitest";
import { ClipVision } from "../../src/blocks/clipVision.ts";
import { VisionTransformer } from "../../src/blocks/visionTransformer.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { Random } from "../../src/core/random.ts";
import { findBlock } from "../../src/core/registry.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { type Tensor, tensor, tidy } from "../../src/engine/tensor.ts";
import { build } from "../../src/models/build.ts";
import { clipEncoders } from "../../src/models/clipEncoders.ts";
import { modelOf } from "../../src/models/families/index.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { openModel } from "../../src/models/modelFiles.ts";
import { modelFolder } from "./modelFolder.ts";

// open_clip's table of models counts the projection to the joint space as well.
test.each([
  ["ViT-B/32", 512, 87.85],
  ["ViT-B/16", 512, 86.19],
  ["ViT-L/14", 768, 303.97],
] as const)(
  "CLIP's %s, with its projection to %d channels, has the %d million parameters that are published",
  (name, joint, millions) => {
    const config = clipEncoders[name];
    const weights = describeWeights(ClipVision, config).reduce((sum, weight) => sum + sizeOf(weight), 0);
    expect(((weights + config.visualDim! * joint) / 1e6).toFixed(2)).toBe(millions.toFixed(2));
  },
);

test("the patches that Flamingo takes come from the same weights, but for the last normalisation", () => {
  const config = clipEncoders["ViT-L/14"];
  const names = (weights: readonly { name: string }[]) => weights.map(({ name }) => name);
  const patches = describeWeights(VisionTransformer, { ...config, classToken: true, normalise: false, project: false });
  const all = names(describeWeights(ClipVision, config)).filter((name) => !name.startsWith("norm."));
  expect(names(patches)).toEqual(all);
});

describe("an imported CLIP", () => {
  test("fits the vision slot of Flamingo, which takes the patches before the last normalisation", async () => {
    await openDevice("cpu");
    const { block, family, ...from } = openModel({ path: modelFolder("clip-vision") });
    const { imageSize, visualDim, ...config } = block.config as { imageSize: number; visualDim: number };
    const images = tensor(new Random(1).uniforms(imageSize ** 2 * 3, -1, 1), [1, 1, 1, imageSize, imageSize, 3]);
    const run = (type: string, fields: object) => {
      const model = build(findBlock(type)!, { ...block.config, ...fields }, { from });
      const result = tidy(() => model({ images }) as Tensor | { features: Tensor });
      return "features" in result ? result.features : result;
    };
    const patches = run("VisionTransformer", { classToken: true, normalise: false, project: false });
    await expect(run("ClipVision", {})).toBeAllclose(await patches.data(), { relative: 0, absolute: 0 });

    const visionEncoder = { type: "ClipVision", config };
    const flamingo = { ...Flamingo.example, imageSize, visualDim, visionEncoder };
    const ids = tensor(Int32Array.of(7, 1), [1, 2], "int32");
    const { shape } = tidy(() => build(Flamingo, flamingo as never, { seed: 1 })({ images, ids }));
    expect(shape).toEqual([1, 2, 9]);
  });

  test("comes from a folder of the whole CLIP too, and says what is left out", () => {
    const alone = openModel({ path: modelFolder("clip-vision") });
    const whole = openModel({
      path: modelFolder("clip-vision", (tensors, config) => {
        const vision = { ...config };
        for (const field of Object.keys(config)) delete config[field];
        Object.assign(config, { model_type: "clip", architectures: ["CLIPModel"], vision_config: vision });
        const scalar = { dtype: "F32" as const, shape: [], data: Float32Array.of(1) };
        for (const name of ["text_model.final_layer_norm.bias", "logit_scale", "visual_projection.weight"])
          tensors.set(name, scalar);
        return tensors;
      }),
    });
    expect(whole.block).toEqual(alone.block);
    expect([...whole.tensors.keys()]).toEqual([...alone.tensors.keys()]);
    expect(whole.notes).toEqual([
      "the text encoder is left out: 2 tensors, logit_scale, text_model.final_layer_norm.bias",
      expect.stringMatching(/^the projection .* is left out: 1 tensor, visual_projection\.weight$/),
    ]);
    const older = { model_type: "clip", vision_config: { hidden_size: 24 }, vision_config_dict: { hidden_size: 36 } };
    expect(modelOf(older).block.config).toMatchObject({ visualDim: 36 });
  });
});
