import type { MimeBundle } from "../cell/mimeBundle.ts";
import { displayMethod } from "./displayMethod.ts";
import type { FormatOptions, Formatter } from "./formatter.ts";
import { formatters } from "./formatters/index.ts";
import { plainText } from "./plainText.ts";
import { userFormatters } from "./userFormatters.ts";

/** Adds a formatter, which is asked before all others. Returns what takes it away again. */
export function registerFormatter(formatter: Formatter): () => void {
  userFormatters.unshift(formatter);
  return () => {
    const at = userFormatters.indexOf(formatter);
    if (at >= 0) userFormatters.splice(at, 1);
  };
}

/**
 * A value in all the forms in which a front end may show it; `text/plain` is always among them. By the value's own
 * method first, then by the formatters that users registered, then by ours. What fails to show itself is shown plainly,
 * and says so.
 */
export async function formatValue(value: unknown, options: FormatOptions = {}): Promise<MimeBundle> {
  try {
    const own = displayOf(value);
    if (own) return withText({ data: (await own.call(value, options)) as MimeBundle["data"] }, value);
    const formatter = [...userFormatters, ...formatters].find((each) => each.accepts(value));
    if (formatter) return withText(await formatter.format(value, options), value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { data: { "text/plain": `${plainText(value)}\n(it could not be shown otherwise: ${reason})` } };
  }
  return { data: { "text/plain": plainText(value) } };
}

/** The value's own method. A function or class can carry one as well. */
function displayOf(value: unknown): ((options: FormatOptions) => unknown) | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
  const method = (value as { [displayMethod]?: unknown })[displayMethod];
  return typeof method === "function" ? (method as (options: FormatOptions) => unknown) : undefined;
}

function withText(bundle: MimeBundle, value: unknown): MimeBundle {
  const data = Object.fromEntries(Object.entries(bundle.data ?? {}).map(([type, each]) => [type, encoded(type, each)]));
  if (typeof data["text/plain"] === "string") return { ...bundle, data };
  return { ...bundle, data: { ...data, "text/plain": plainText(value) } };
}

/** Bytes as messages carry them: text as text, everything else in base 64. */
function encoded(type: string, content: unknown): unknown {
  const isBytes = ArrayBuffer.isView(content) || content instanceof ArrayBuffer || content instanceof SharedArrayBuffer;
  if (!isBytes) return content;
  const bytes = ArrayBuffer.isView(content)
    ? Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    : Buffer.from(content);
  const isText = type.startsWith("text/") || type === "image/svg+xml" || type === "application/javascript";
  return bytes.toString(isText ? "utf8" : "base64");
}
