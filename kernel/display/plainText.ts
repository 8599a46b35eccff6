import { inspect } from "node:util";

/** At most so many characters: a front end that gets more becomes slow. */
const most = 20_000;

/** Any value as text, as Node shows it, without colours. Never throws. */
export function plainText(value: unknown): string {
  let text: string;
  try {
    text = inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: most, breakLength: 100, colors: false });
  } catch (error) {
    text = `[${typeof value} that cannot be looked into: ${error instanceof Error ? error.message : String(error)}]`;
  }
  return text.length > most ? `${text.slice(0, most)}\n... ${text.length - most} more characters` : text;
}
