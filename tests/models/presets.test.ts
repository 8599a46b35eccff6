import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { NfNet } from "../../src/blocks/nfnet.ts";
import { PerceiverResampler } from "../../src/blocks/perceiverResampler.ts";
import type { SlotValue } from "../../src/core/block.ts";
import { makeCatalog } from "../../src/core/catalog.ts";
import { parseConfig } from "../../src/core/config.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import { sizeOf } from "../../src/core/shape.ts";
import { solveShapes } from "../../src/graph/solve.ts";
import { trace } from "../../src/graph/trace.ts";
import { Flamingo } from "../../src/models/flamingo.ts";
import { models } from "../../src/models/index.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { type Preset, presets } from "../../src/models/presets.ts";
import { readPipeline } from "../../src/pipeline/schema.ts";

const isGated = (name: string) => name.startsWith("gated_cross_attn_layers.");

function counts({ language, resampler }: Preset) {
  const weights = describeWeights(FlamingoLanguageModel, language);
  const count = (each: typeof weights) => each.reduce((total, weight) => total + sizeOf(weight), 0);
  return {
    gated: count(weights.filter(({ name }) => isGated(name))),
    language: count(weights.filter(({ name }) => !isGated(name))),
    resampler: count(describeWeights(PerceiverResampler, resampler)),
  };
}

/** In billions: what a count without biases gives (FLAMINGO.md), and what the paper says. */
const figures = {
  "3B": { layers: 24, gated: 1.16, language: 1.27, paper: { gated: 1.2, language: 1.4 } },
  "9B": { layers: 10, gated: 1.8, language: 8.18, paper: { gated: 1.6, language: 7.1 } },
  "80B": { layers: 12, gated: 8.36, language: 64.69, paper: { gated: 10, language: 70 } },
} as const;

describe.each(Object.entries(figures))("the paper's %s", (name, expected) => {
  const preset: Preset = presets[name as keyof typeof figures];
  const found = counts(preset);
  const billions = (count: number) => Number((count / 1e9).toFixed(2));

  test("has as many parameters as a count without biases gives", () => {
    expect([billions(found.gated), billions(found.language)]).toEqual([expected.gated, expected.language]);
    expect(Number((found.resampler / 1e6).toFixed(0))).toBe(170);
  });

  test("has the paper's vision encoder: 435 million parameters with its last convolution, and the resampler's width without", () => {
    const millions = (config: z.input<typeof NfNet.config>) =>
      describeWeights(NfNet, config).reduce((total, weight) => total + sizeOf(weight), 0) / 1e6;
    expect(millions(preset.vision).toFixed(1)).toBe("430.6");
    expect(millions({ ...preset.vision, visualDim: 3072, finalConv: true }).toFixed(1)).toBe("435.3");
    expect(preset.vision.visualDim).toBe(preset.resampler.visualDim);
  });

  test("comes near the paper's own figures, and does not equal them", () => {
    for (const part of ["gated", "language"] as const) {
      const ratio = found[part] / 1e9 / expected.paper[part];
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.2);
    }
    expect(found.resampler / 194e6).toBeGreaterThan(0.8);
  });

  test("has the paper's number of gated layers, the first before the first decoder layer", () => {
    const nodes = Object.entries(trace(FlamingoLanguageModel, preset.language).nodes);
    const gated = nodes.filter(([, { type }]) => type === "GatedXattnDense");
    expect(gated.length).toBe(expected.layers);
    expect(gated[0]![0]).toBe("gated_cross_attn_layers.0");
    const activation = (type: string) => ({ feedForward: { config: { activation: { type } } } });
    for (const [id, { config }] of gated) expect(config, id).toMatchObject(activation("SquaredRelu"));
    for (const [id, { type, config }] of nodes)
      if (type === "DecoderLayer") expect(config.feedForward, id).toEqual({ type: "FeedForward", config: {} });
  });

  test("gives the resampler's 64 visual tokens of 8 frames to it", () => {
    const inputs = { features: [1, 5, 8, 100, 1536] };
    const inside = trace(PerceiverResampler, preset.resampler, { inputs });
    const { media } = solveShapes(inside, makeCatalog(models), inputs).inputs.outputs!;
    expect(media).toEqual([1, 5, 64, preset.language.visualDim]);
  });
});

describe("the tiny preset", () => {
  test("is what the template trains", () => {
    const file = new URL("../../editor/templates/emoji-captions.json", import.meta.url);
    const { nodes } = readPipeline(readFileSync(file, "utf8"), "the template");
    const { vision, resampler, language } = presets.tiny;
    const { imageSize, visualDim, frozenVision: _, ...slots } = parseConfig(Flamingo, nodes.flamingo!.config);
    const parts = slots as unknown as Record<"visionEncoder" | "resampler" | "languageModel", SlotValue>;
    expect({ imageSize, visualDim }).toEqual(vision);
    expect(parts.visionEncoder).toMatchObject({ type: "ConvEncoder", weights: "emoji-vision" });
    expect(parseConfig(PerceiverResampler, { ...parts.resampler.config, visualDim })).toEqual(
      parseConfig(PerceiverResampler, resampler),
    );
    expect(parseConfig(FlamingoLanguageModel, { ...parts.languageModel.config, visualDim } as never)).toEqual(
      parseConfig(FlamingoLanguageModel, language),
    );
  });
});
