import type { FindTokenizer } from "../data/tokenizerOrigin.ts";
import { findShippedTokenizer } from "../data/tokenizers.ts";
import { findImported } from "../models/imported.ts";
import { requireTokens } from "./requireImported.ts";

/**
 * Finds tokenizers by name: those that come with the studio, and those of imported language models.
 * @param models folder of what was imported; nothing without it
 */
export function findTokenizer(models: string | undefined): FindTokenizer {
  return (name) => {
    const model = models === undefined ? undefined : findImported(models, name);
    if (!model) return findShippedTokenizer(name);
    return requireTokens(model, name);
  };
}
