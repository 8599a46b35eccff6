import { FlamingoError } from "../core/errors.ts";
import type { FindTokenizer } from "../data/tokenizerOrigin.ts";
import { findShippedTokenizer } from "../data/tokenizers.ts";
import { findImported } from "../models/imported.ts";

/**
 * Finds tokenizers by name: those that come with the studio, and those of imported language models.
 * @param models folder of what was imported; nothing without it
 */
export function findTokenizer(models: string | undefined): FindTokenizer {
  return (name) => {
    const model = models === undefined ? undefined : findImported(models, name);
    if (!model) return findShippedTokenizer(name);
    if (model.tokens) return model.tokens;
    throw new FlamingoError("NOT_FOUND", `"${name}" has no tokenizer: no tokenizer.json lies beside its weights`, {
      source: model.source,
      fix: "put the tokenizer.json of the language model there and import it again, or choose another tokenizer",
    });
  };
}
