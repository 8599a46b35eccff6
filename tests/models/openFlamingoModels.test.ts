import { expect, test } from "vitest";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { findBlock } from "../../src/core/registry.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { openFlamingoModel, openFlamingoModels } from "../../src/models/openFlamingoModels.ts";
import { refusalOf } from "../core/refusalOf.ts";

/**
 * Millions of parameters. Published: gated layers of 36.71, 56.11 and 139.48 million each, a resampler of 63.02 million (counted in
 * OpenFlamingo's checkpoints), language models of 1.3, 2.8 and 6.7 billion, and totals of 3, 4 and 9 billion by name.
 */
const table = {
  "OpenFlamingo-3B": { gatedLayers: 24, gatedLayer: "36.71", resampler: "63.02", language: "1.31", total: 2.56 },
  "OpenFlamingo-4B": { gatedLayers: 16, gatedLayer: "56.11", resampler: "63.02", language: "2.78", total: 4.04 },
  "OpenFlamingo-9B": { gatedLayers: 8, gatedLayer: "139.48", resampler: "63.02", language: "6.65", total: 8.13 },
};

test.each(Object.entries(table))("%s has the published parameters", (name, expected) => {
  const { type, config } = openFlamingoModel(name);
  const weights = describeWeights(findBlock(type)!, config ?? {});
  const count = (isMeant: (name: string) => boolean) =>
    weights.reduce((sum, weight) => sum + (isMeant(weight.name) ? sizeOf(weight) : 0), 0);
  const gated = /^lang_encoder\.gated_cross_attn_layers\.(\d+)\./;
  const layers = new Set(weights.flatMap(({ name }) => gated.exec(name)?.[1] ?? []));
  expect(layers.size).toBe(expected.gatedLayers);
  expect((count((name) => gated.test(name)) / layers.size / 1e6).toFixed(2)).toBe(expected.gatedLayer);
  expect((count((name) => name.startsWith("perceiver.")) / 1e6).toFixed(2)).toBe(expected.resampler);
  const language = count((name) => name.startsWith("lang_encoder.") && !gated.test(name));
  expect((language / 1e9).toFixed(2)).toBe(expected.language);
  expect(Number((count(() => true) / 1e9).toFixed(2))).toBe(expected.total);
  expect(openFlamingoModels).toContain(name);
});

test("another name is refused", () => {
  expect(refusalOf(() => openFlamingoModel("OpenFlamingo-7B")).message).toBe(
    'there is no OpenFlamingo model "OpenFlamingo-7B"',
  );
});
