import { expect, test } from "vitest";
import { ClipVision } from "../../src/blocks/clipVision.ts";
import { VisionTransformer } from "../../src/blocks/visionTransformer.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { clipEncoders } from "../../src/models/clipEncoders.ts";

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
