import { fileURLToPath } from "node:url";

/** Path of small data in an owner's format, as `tests/fixtures/makeDataFormats.py` made it. */
export function formatFile(name: string): string {
  return fileURLToPath(new URL(`../fixtures/formats/${name}`, import.meta.url));
}
