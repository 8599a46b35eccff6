import { describe, expect, test } from "vitest";
import { PerceiverResampler } from "../../src/blocks/perceiverResampler.ts";
import { instantiate } from "../../src/core/block.ts";
import { openDevice } from "../../src/engine/devices/device.ts";
import { Eager } from "../../src/engine/readings/eager.ts";
import { Weights } from "../../src/engine/readings/weights.ts";
import { FlamingoLanguageModel } from "../../src/models/flamingo.ts";
import { flamingoParts, partOf } from "../../src/training/parts.ts";

await openDevice("cpu");
const weights = new Weights(1);
const language = { ...FlamingoLanguageModel.example, every: 1, frozen: true };
instantiate(FlamingoLanguageModel, FlamingoLanguageModel.config.parse(language), new Eager(weights, "language"));
const resampler = PerceiverResampler.config.parse(PerceiverResampler.example);
instantiate(PerceiverResampler, resampler, new Eager(weights, "the_gate_keeper"));
const parts = flamingoParts(5, 0.1);
const settingsOf = (name: string) => {
  const { rate, decay } = partOf(weights.get(name)!, parts);
  return { rate, decay };
};

describe("parts of a Flamingo", () => {
  test("gated layers decay by 0.1, and all of their weights do, norms and feed-forward too", () => {
    const gated = weights.all().filter(({ name, role }) => name.includes("gated_cross_attn_layers") && !role);
    expect(gated.length).toBeGreaterThan(10);
    for (const { name } of gated) expect(settingsOf(name), name).toEqual({ rate: 1, decay: 0.1 });
  });

  test("gates learn five times as fast and do not decay", () => {
    const gates = ["attn_gate", "ff_gate"].map((gate) => `language.gated_cross_attn_layers.0.${gate}`);
    for (const name of gates) expect(settingsOf(name)).toEqual({ rate: 5, decay: 0 });
  });

  test("the resampler and the new tokens do not decay, whatever a node is called", () => {
    for (const { name } of [...weights.all("the_gate_keeper"), ...weights.all("language.embed_tokens")])
      expect(settingsOf(name), name).toEqual({ rate: 1, decay: 0 });
  });

  test("pretraining may decay the rest", () => {
    expect(
      partOf(
        weights.get("language.layers.0.norm1.weight") ?? weights.all("language.layers")[0]!,
        flamingoParts(5, 0.1, 0.01),
      ).decay,
    ).toBe(0.01);
  });
});
