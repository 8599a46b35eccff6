import type { Picture } from "../../../src/data/picture.ts";
import type { Formatter } from "../formatter.ts";
import { box, escapeHtml, note } from "../html.ts";

/** Side of a picture on the page, at least. */
const shownSide = 96;
const mostPictures = 60;

/** Whether something is a picture, told without loading what decodes pictures. */
export function isPicture(value: unknown): value is Picture {
  if (value === null || typeof value !== "object") return false;
  const { pixels, size, png } = value as Partial<Picture>;
  return pixels instanceof Float32Array && typeof size === "number" && typeof png === "function";
}

/** A picture as an element of a page. */
export async function pictureHtml(picture: Picture, side = shownSide): Promise<string> {
  const data = Buffer.from(await picture.png()).toString("base64");
  const size = Math.max(side, picture.size);
  return `<img alt="${escapeHtml(picture.label ?? "picture")}" width="${size}" height="${size}" style="image-rendering: pixelated" src="data:image/png;base64,${data}">`;
}

function textOf({ size, label }: Picture): string {
  return `picture ${size}×${size}${label === undefined ? "" : `: ${label}`}`;
}

/** A picture, with what it shows under it. */
export const pictureFormatter: Formatter<Picture> = {
  accepts: isPicture,
  format: async (picture) => {
    const label = picture.label === undefined ? "" : note(escapeHtml(picture.label));
    return {
      data: {
        "text/html": box(`${await pictureHtml(picture)}${label}`),
        "image/png": Buffer.from(await picture.png()).toString("base64"),
        "text/plain": textOf(picture),
      },
    };
  },
};

/** Pictures beside each other. */
export const picturesFormatter: Formatter<readonly Picture[]> = {
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isPicture),
  format: async (pictures) => {
    const shown = await Promise.all(
      pictures.slice(0, mostPictures).map(async (picture) => {
        const label = picture.label === undefined ? "" : note(escapeHtml(picture.label));
        return `<figure style="margin: 0; max-width: 110px; text-align: center">${await pictureHtml(picture, 72)}${label}</figure>`;
      }),
    );
    const more = pictures.length > mostPictures ? note(`and ${pictures.length - mostPictures} more`) : "";
    const html = `<div style="display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start">${shown.join("")}</div>${more}`;
    return { data: { "text/html": box(html), "text/plain": pictures.map(textOf).join("\n") } };
  },
};
