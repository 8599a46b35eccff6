import type { CatalogEntry } from "../../../src/core/catalog.ts";

/** What a node shows live. */
export type Figure = "loss" | "images" | "progress";

/** The live figure a node has room for, found from its category and ports: nothing here knows a block by its name. */
export function figureOf(entry: CatalogEntry | undefined): Figure | undefined {
  if (!entry) return undefined;
  if (entry.category === "Loss") return "loss";
  if (entry.kind === "action") return "progress";
  const hasImages = Object.values(entry.outputs).some(({ shape }) => shape.length >= 4 && shape.at(-1) === 3);
  return entry.kind === "source" && hasImages ? "images" : undefined;
}
