import { describe, expect, test } from "vitest";
import { GatedXattnDense } from "../../src/blocks/gatedXattnDense.ts";
import { PerceiverResampler } from "../../src/blocks/perceiverResampler.ts";
import { describeWeights } from "../../src/core/describeWeights.ts";
import type { WeightSpec } from "../../src/core/weight.ts";
import { FlamingoLanguageModel } from "../../src/models/languageModel.ts";
import { flamingoGroups } from "../../src/training/parameterGroups.ts";

const language = describeWeights(FlamingoLanguageModel, FlamingoLanguageModel.example);
const groups = flamingoGroups(5, 0.1, 0.01);
const settingsOf = ({ group }: WeightSpec) => groups[group];
const below = (specs: readonly WeightSpec[], path: string) => specs.filter(({ name }) => name.startsWith(path));

describe("parameter groups of a Flamingo", () => {
  test("gated layers decay, and all of their weights do, norms and feed-forward too", () => {
    const gated = below(language, "gated_cross_attn_layers").filter(({ name }) => !name.endsWith("_gate"));
    expect(gated.length).toBeGreaterThan(10);
    for (const spec of gated) expect(settingsOf(spec), spec.name).toEqual({ rate: 1, decay: 0.1 });
  });

  test("a gated layer alone, whatever its path is, is trained like one in a language model", () => {
    for (const spec of describeWeights(GatedXattnDense, GatedXattnDense.example, { path: "anything" }))
      expect(settingsOf(spec).decay, spec.name).toBe(spec.group === "gate" ? 0 : 0.1);
  });

  test("gates have a higher rate and do not decay", () => {
    const gates = language.filter(({ name }) => name.endsWith("_gate"));
    expect(gates.length).toBe(4);
    for (const spec of gates) expect(settingsOf(spec)).toEqual({ rate: 5, decay: 0 });
  });

  test("the resampler, token embeddings and pretrained layers have the other decay, whatever a path is called", () => {
    const resampler = describeWeights(PerceiverResampler, PerceiverResampler.example, { path: "the_gated_cross_attn" });
    for (const spec of [...resampler, ...below(language, "embed_tokens"), ...below(language, "layers.0")])
      expect(settingsOf(spec), spec.name).toEqual({ rate: 1, decay: 0.01 });
  });
});
