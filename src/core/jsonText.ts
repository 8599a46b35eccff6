import { FlamingoError } from "./errors.ts";

/** What JSON text may hold at most. */
export interface JsonLimits {
  /** Lists and objects within each other. */
  depth: number;
  /** Entries of all lists and objects together. */
  values: number;
  /** Characters of a key. */
  key: number;
}

/** Far beyond any configuration, tokenizer or list of tensors that another program writes. */
const outsideLimits: JsonLimits = { depth: 200, values: 20_000_000, key: 10_000 };

const [quote, backslash, comma, colon, openList, closeList, openObject, closeObject] = [
  ...[34, 92, 44, 58],
  ...[91, 93, 123, 125],
] as const;

/**
 * Reads JSON text of somebody else's. Whatever would take long or use up the stack is refused before it is parsed: a look
 * over the text costs a hundredth of what ten million empty lists do.
 * @throws FlamingoError USAGE beyond the limits; SyntaxError for what is no JSON
 */
export function parseLimitedJson(text: string, limits: JsonLimits): unknown {
  const reason = excessOf(text, limits);
  if (reason === undefined) return JSON.parse(text);
  throw new FlamingoError("USAGE", `the JSON cannot be read: it ${reason}`, { fix: "make it smaller and plainer" });
}

/**
 * Reads JSON text that another program wrote: a model's configuration, its tokenizer, the header or the index of its weights.
 * @param refuse the error for what cannot be read, by what the text is or has: `is no JSON: …`, `is nested deeper than 200 levels`
 */
export function parseOutsideJson(text: string, refuse: (finding: string) => Error): unknown {
  const reason = excessOf(text, outsideLimits);
  if (reason !== undefined) throw refuse(reason);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refuse(`is no JSON: ${(error as Error).message}`);
  }
}

/** What of a text is beyond the limits, as the end of a sentence about it; undefined where nothing is. */
function excessOf(text: string, { depth, values, key }: JsonLimits): string | undefined {
  let level = 0;
  let found = 0;
  let inText = false;
  let [textStart, textLength] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inText) {
      if (code === backslash) at++;
      else if (code === quote) {
        inText = false;
        textLength = at - textStart;
      }
    } else if (code === quote) {
      inText = true;
      textStart = at + 1;
    } else if (code === openList || code === openObject) {
      found++;
      if (++level > depth) return `is nested deeper than ${depth} levels`;
    } else if (code === closeList || code === closeObject) level--;
    else if (code === comma) {
      if (++found > values) break;
    } else if (code === colon && textLength > key) return `has a key of ${textLength} characters, more than ${key}`;
  }
  return found > values ? `has more than ${values} values` : undefined;
}
