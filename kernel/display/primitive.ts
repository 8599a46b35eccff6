import type { MimeBundle } from "../cell/mimeBundle.ts";
import { plainText } from "./plainText.ts";
import { userFormatters } from "./userFormatters.ts";

/**
 * A value that is no object, as a cell's result. No formatter but a user's shows such a value, so it is shown before they are
 * loaded, which takes longer than everything else of a first cell.
 * @returns undefined where the formatters are needed
 */
export function primitiveResult(value: unknown): MimeBundle | undefined {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject || userFormatters.length > 0 ? undefined : { data: { "text/plain": plainText(value) } };
}
