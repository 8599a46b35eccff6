import { clip, clipVision } from "./clip.ts";
import { type Family, type FamilyModel, modelAmong } from "./family.ts";
import { languageModels } from "./languageModels.ts";
import { nfnet } from "./nfnet.ts";
import { openFlamingo } from "./openFlamingo.ts";

/** Every family that is known, a line each; language models have a list of their own. */
export const families: readonly Family[] = [...languageModels, clipVision, clip, nfnet, openFlamingo];

/**
 * The model that a config.json describes, by its `model_type`, or by its class in `architectures`.
 * @throws FlamingoError INVALID_CONFIG for a family that is not known, and for a field that cannot be or is not supported
 */
export function modelOf(config: Readonly<Record<string, unknown>>): FamilyModel {
  return modelAmong(families, config);
}
