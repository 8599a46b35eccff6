import { expect, test } from "vitest";
import { makeCatalog } from "../../src/core/catalog.ts";
import type { SlotSpec } from "../../src/core/misfit.ts";
import { fillings } from "../../src/graph/check.ts";
import { models } from "../../src/models/index.ts";

const catalog = makeCatalog(models);

/** What fits a field of a block. */
function fitting(block: string, field: string): string[] {
  return fillings(catalog[block]!.config.properties![field]!.slot as SlotSpec, catalog).sort();
}

test.each([
  ["FeedForward", "activation", ["Gelu", "QuickGelu", "Silu", "SquaredRelu"]],
  ["SelfAttention", "attention", ["AlibiAttention", "Attention", "RotaryAttention"]],
  ["GatedXattnDense", "gate", ["TanhGate", "Ungated"]],
  ["FlamingoLanguageModel", "decoderLayer", ["CrossDecoderLayer", "DecoderLayer", "EncoderLayer"]],
  ["FlamingoLanguageModel", "fusionLayer", ["GatedXattnDense"]],
  ["FlamingoLanguageModel", "head", ["Logits", "UntiedLogits"]],
  ["Flamingo", "visionEncoder", ["ConvEncoder", "VisionTransformer"]],
  ["Flamingo", "resampler", ["MlpResampler", "PerceiverResampler", "TransformerResampler"]],
  ["Flamingo", "languageModel", ["FlamingoLanguageModel", "GraftedLanguageModel"]],
])("the slot %s.%s takes what keeps its sizes, and nothing else", (block, field, expected) => {
  expect(fitting(block, field)).toEqual(expect.arrayContaining(expected));
  for (const other of ["Conv", "AppendMean", "FirstPositions", "Linear", "FlattenGrid", "Chunk"])
    expect(fitting(block, field)).not.toContain(other);
});

test("a normalisation or an activation keeps the width: what changes shapes is not offered", () => {
  const norms = fitting("DecoderLayer", "norm");
  expect(norms).toEqual(expect.arrayContaining(["LayerNorm", "RmsNorm"]));
  for (const other of ["Linear", "Conv", "AppendMean", "FirstPositions", "PositionEmbedding"])
    expect(norms).not.toContain(other);
});
