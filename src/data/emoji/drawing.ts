import { FlamingoError } from "../../core/errors.ts";
import { Image } from "../image.ts";
import { toUnit } from "../pixels.ts";
import { type Concept, emojiConcepts, heldOutStyle, type Style, styles } from "./concepts.ts";
import { renderDrawing } from "./drawings.ts";
import { pinnedLabels } from "./emoji.ts";

export interface DrawingOptions {
  /** Who drew it: the style that no model here was trained on, by default. */
  style?: Style;
  /** Side in pixels. */
  size?: number;
}

let concepts: Concept[] | undefined;

/** Names of all that can be drawn. */
export function drawingLabels(): string[] {
  concepts ??= emojiConcepts();
  return concepts.map(({ label }) => label);
}

/** A few labels of different kinds, to look at. */
export const drawingSamples: readonly string[] = pinnedLabels;

/**
 * Draws an emoji by its name.
 *
 * @example
 * const image = await drawing("red heart", { style: "noto" });
 * @throws FlamingoError NOT_FOUND, naming some that there are
 */
export async function drawing(label: string, { style = heldOutStyle, size = 32 }: DrawingOptions = {}): Promise<Image> {
  const at = drawingLabels().indexOf(label);
  if (!styles.includes(style)) {
    const fix = `use one of: ${styles.join(", ")}`;
    throw new FlamingoError("NOT_FOUND", `there is no style "${style}"`, { actual: style, fix });
  }
  if (at >= 0) return new Image(toUnit(await renderDrawing(concepts![at]!, style, size)), size, label);
  const near = drawingLabels().filter(
    (each) => each.includes(label) || label.split(" ").some((word) => each.split(" ").includes(word)),
  );
  const fix = `draw another, such as ${(near.length > 0 ? near : drawingSamples).slice(0, 5).join(", ")}`;
  throw new FlamingoError("NOT_FOUND", `there is no drawing of "${label}"`, { actual: label, fix });
}
