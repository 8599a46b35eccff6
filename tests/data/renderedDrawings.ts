import { fileURLToPath } from "node:url";
import { emojiConcepts } from "../../src/data/emoji/concepts.ts";
import { loadDrawings } from "../../src/data/emoji/drawings.ts";

/** Side of the drawings that tests look at, in pixels. */
export const drawingSize = 16;

/** Folder of all drawings: kept from test to test and from day to day, since rendering them takes a while. */
export const drawingCache = fileURLToPath(new URL("../../node_modules/.cache/flamingo/", import.meta.url));

/** Milliseconds that a hook may take which renders them, on a busy machine. */
export const renderingTime = 600_000;

/** All drawings of all concepts, with what was told of those that could not be rendered. */
export async function renderedDrawings() {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const drawings = await loadDrawings(emojiConcepts(), {
    size: drawingSize,
    cache: drawingCache,
    progress: () => {},
    warn,
  });
  return { drawings, warnings };
}
