import { createHash } from "node:crypto";
import type { Example } from "../data/evaluationSet.ts";

/** Names examples by what is true of them, in their order: results of two runs can be compared case by case if it is the same. */
export function examplesFingerprint(examples: readonly Example[]): string {
  const told = examples.map(({ media, ...rest }) => ({ ...rest, media: media.length }));
  return createHash("sha256").update(JSON.stringify(told)).digest("hex").slice(0, 16);
}
