import { FlamingoError } from "./errors.ts";

/** What JSON text may hold at most. */
export interface JsonLimits {
  /** Lists and objects within each other. */
  depth: number;
  /** Entries of all lists and objects together. */
  values: number;
}

const [quote, backslash, comma, openList, closeList, openObject, closeObject] = [34, 92, 44, 91, 93, 123, 125];

/**
 * Reads JSON text of somebody else's. Whatever would take long or use up the stack is refused before it is parsed: a look
 * over the text costs a hundredth of what ten million empty lists do.
 * @throws FlamingoError USAGE beyond the limits; SyntaxError for what is no JSON
 */
export function parseLimitedJson(text: string, { depth, values }: JsonLimits): unknown {
  let level = 0;
  let found = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inText) {
      if (code === backslash) at++;
      else if (code === quote) inText = false;
    } else if (code === quote) inText = true;
    else if (code === openList || code === openObject) {
      found++;
      if (++level > depth) throw beyond(`it is nested deeper than ${depth} levels`);
    } else if (code === closeList || code === closeObject) level--;
    else if (code === comma && ++found > values) throw beyond(`it has more than ${values} values`);
  }
  if (found > values) throw beyond(`it has more than ${values} values`);
  return JSON.parse(text);
}

function beyond(reason: string): FlamingoError {
  return new FlamingoError("USAGE", `the JSON cannot be read: ${reason}`, { fix: "make it smaller and plainer" });
}
