import { FlamingoError } from "../core/errors.ts";
import { findImported } from "../models/imported.ts";
import type { ImportedModel } from "../models/modelFiles.ts";
import type { ModelTokens } from "../models/modelTokens.ts";

/**
 * The model that was imported by a name.
 * @param models folder of what was imported
 * @throws FlamingoError NOT_FOUND
 */
export function requireImported(name: string, models: string): ImportedModel {
  const model = findImported(models, name);
  if (model) return model;
  throw new FlamingoError("NOT_FOUND", `nothing was imported as "${name}"`, {
    actual: name,
    fix: "import the model first: flamingo import FOLDER",
  });
}

/** The tokenizer of an imported language model. @throws FlamingoError NOT_FOUND where no tokenizer.json lies beside its weights */
export function requireTokens({ tokens, source }: ImportedModel, name: string): ModelTokens {
  if (tokens) return tokens;
  throw new FlamingoError("NOT_FOUND", `"${name}" has no tokenizer: no tokenizer.json lies beside its weights`, {
    source,
    fix: "put the tokenizer.json of the language model there: AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) in transformers writes one",
  });
}
