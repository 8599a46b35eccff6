import { existsSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../core/json.ts";
import type { SlotInput } from "../core/slot.ts";

/** The tokenizer of a language model: where it is, and how the model numbers what is no text. */
export interface ModelTokens {
  /** Its tokenizer.json. */
  file: string;
  /** Rows of the embedding that the model was pretrained with; those of new tokens come after them. */
  vocabulary: number;
  /** The ids that its config.json gives. */
  special: SpecialIds;
  /** Each of these ends a text, where config.json names several. */
  ends?: readonly number[];
}

type SpecialIds = Partial<Record<"bos" | "eos" | "pad" | "image" | "endOfChunk", number>>;

/** @param folders where a tokenizer.json may lie, the first before the others; undefined for a model without text, or where none lies there */
export function modelTokens(
  folders: readonly string[],
  config: Readonly<Record<string, unknown>>,
  block: SlotInput,
): ModelTokens | undefined {
  const language = isObject(block.config?.languageModel) ? block.config.languageModel.config : block.config;
  const { vocabulary } = (language ?? {}) as { vocabulary?: unknown };
  const file = folders.map((folder) => join(folder, "tokenizer.json")).find((path) => existsSync(path));
  if (typeof vocabulary !== "number" || file === undefined) return undefined;
  const { eos_token_id: ends } = config;
  return { file, vocabulary, special: specialIds(config), ...(Array.isArray(ends) && { ends }) };
}

/** OpenFlamingo has those of its language model's config.json under `lang`. */
function specialIds(config: Readonly<Record<string, unknown>>): SpecialIds {
  const { lang, ...own } = config;
  const fields = { ...(isObject(lang) ? lang : {}), ...own };
  const ids = {
    bos: fields.bos_token_id,
    eos: Array.isArray(fields.eos_token_id) ? fields.eos_token_id[0] : fields.eos_token_id,
    pad: fields.pad_token_id,
    image: fields.media_token_id,
    endOfChunk: fields.eoc_token_id,
  };
  return Object.fromEntries(Object.entries(ids).filter(([, id]) => typeof id === "number"));
}
