import { describe, expect, test } from "vitest";
import { NfNet } from "../../src/blocks/nfnet.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { nfnets } from "../../src/models/nfnets.ts";

describe("NFNet", () => {
  // Brock et al. 2021, Table 6, with the classifier of 1000 classes on 3072 channels.
  test.each([
    ["F0", 71.5],
    ["F1", 132.6],
    ["F2", 193.8],
    ["F3", 254.9],
    ["F4", 316.1],
    ["F5", 377.2],
    ["F6", 438.4],
  ] as const)("%s has the %d million parameters that are published", (name, millions) => {
    const weights = describeWeights(NfNet, nfnets[name]).reduce((sum, weight) => sum + sizeOf(weight), 0);
    const classifier = 3072 * 1000 + 1000;
    expect(((weights + classifier) / 1e6).toFixed(1)).toBe(millions.toFixed(1));
  });

  test("refuses a visual width that the last stage does not have, and says which it has", () => {
    const config = { ...nfnets.F0, finalConv: false };
    expect(() => describeWeights(NfNet, config)).toThrow(/have 1536 channels, not 3072/);
  });
});
