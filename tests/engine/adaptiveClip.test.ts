import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { adaptiveClip } from "../../src/engine/ops/adaptiveClip.ts";
import { dispose, tensor } from "../../src/engine/tensor.ts";
import { describeDevices } from "../devices.ts";

interface Row {
  shape: number[];
  weight: number[];
  gradient: number[];
  clipped: number[];
}
const file = new URL("../fixtures/adaptiveClip.json", import.meta.url);
const { rows } = JSON.parse(readFileSync(file, "utf8")) as { rows: Row[] };

describeDevices("adaptive clipping", () => {
  test.each(rows)("of a weight of shape [$shape] is timm's", async ({ shape, weight, gradient, clipped }) => {
    const given = [tensor(gradient, shape), tensor(weight, shape)] as const;
    const found = adaptiveClip(...given, { ratio: 0.01, epsilon: 1e-3, scale: 1 });
    await expect(found).toBeAllclose(clipped, { relative: 1e-5, absolute: 1e-9 });
    dispose([...given, found]);
  });

  test("of gradients that carry a loss scale keeps the scale", async () => {
    const { shape, weight, gradient, clipped } = rows[0]!;
    const given = [tensor(gradient.map((each) => 1024 * each), shape), tensor(weight, shape)] as const; // biome-ignore format: one line
    const found = adaptiveClip(...given, { ratio: 0.01, epsilon: 1e-3, scale: 1024 });
    await expect(found).toBeAllclose(clipped.map((each) => 1024 * each), { relative: 1e-5 }); // biome-ignore format: one line
    dispose([...given, found]);
  });
});
