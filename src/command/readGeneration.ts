import type { ContinueTextOptions } from "../execution/continueText.ts";
import { readWhole, usageError } from "./command.ts";

const text = { type: "string" } as const;

/** The options of a command that continues texts. */
export const generationOptions = {
  most: text,
  beams: text,
  "length-penalty": text,
  temperature: text,
  "top-k": text,
  "top-p": text,
  seed: text,
} as const;

type Values = { [Name in keyof typeof generationOptions]?: string };

/** Tokens at which a text is cut off. */
const usualMost = 64;

/** How texts are continued. @throws FlamingoError USAGE for what is no number */
export function readGeneration(values: Values, usage: string): ContinueTextOptions["generation"] {
  const number = (name: keyof Values) => {
    const given = values[name];
    if (given === undefined) return undefined;
    if (given.trim() !== "" && Number.isFinite(Number(given))) return Number(given);
    throw usageError(`--${name} is "${given}", expected a number`, usage);
  };
  const [temperature, topP, lengthPenalty] = [number("temperature"), number("top-p"), number("length-penalty")];
  const [beams, topK] = [readWhole("beams", values.beams, 1, usage), readWhole("top-k", values["top-k"], 1, usage)];
  const seed = readWhole("seed", values.seed, 0, usage) ?? 0;
  const sampling = {
    ...(temperature !== undefined && { temperature }),
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
  };
  return {
    most: readWhole("most", values.most, 1, usage) ?? usualMost,
    ...(beams !== undefined && { beams }),
    ...(lengthPenalty !== undefined && { lengthPenalty }),
    ...(Object.keys(sampling).length > 0 && { sampling: { ...sampling, seed } }),
  };
}
