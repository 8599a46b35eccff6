import type { Image } from "../../../src/data/image.ts";
import type { Formatter } from "../formatter.ts";
import { box, escapeHtml, note } from "../html.ts";

/** Side of an image on the page, at least. */
const shownSide = 96;
const mostImages = 60;

/** Whether something is an image, without loading what decodes images. */
export function isImage(value: unknown): value is Image {
  if (value === null || typeof value !== "object") return false;
  const { pixels, size, png } = value as Partial<Image>;
  return pixels instanceof Float32Array && typeof size === "number" && typeof png === "function";
}

/** An image as an element of a page. */
export async function imageHtml(image: Image, side = shownSide): Promise<string> {
  const data = Buffer.from(await image.png()).toString("base64");
  const size = Math.max(side, image.size);
  return `<img alt="${escapeHtml(image.label ?? "image")}" width="${size}" height="${size}" style="image-rendering: pixelated" src="data:image/png;base64,${data}">`;
}

function textOf({ size, label }: Image): string {
  return `image ${size}×${size}${label === undefined ? "" : `: ${label}`}`;
}

/** An image, with what it shows under it. */
export const imageFormatter: Formatter<Image> = {
  accepts: isImage,
  format: async (image) => {
    const label = image.label === undefined ? "" : note(escapeHtml(image.label));
    return {
      data: {
        "text/html": box(`${await imageHtml(image)}${label}`),
        "image/png": Buffer.from(await image.png()).toString("base64"),
        "text/plain": textOf(image),
      },
    };
  },
};

/** Images beside each other. */
export const imagesFormatter: Formatter<readonly Image[]> = {
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isImage),
  format: async (images) => {
    const shown = await Promise.all(
      images.slice(0, mostImages).map(async (image) => {
        const label = image.label === undefined ? "" : note(escapeHtml(image.label));
        return `<figure style="margin: 0; max-width: 110px; text-align: center">${await imageHtml(image, 72)}${label}</figure>`;
      }),
    );
    const more = images.length > mostImages ? note(`and ${images.length - mostImages} more`) : "";
    const html = `<div style="display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start">${shown.join("")}</div>${more}`;
    return { data: { "text/html": box(html), "text/plain": images.map(textOf).join("\n") } };
  },
};
