import type { Background } from "../colors.ts";
import { css, heatColor } from "../colors.ts";
import { escapeHtml } from "../escape.ts";
import type { MapsImage, MapsPanel } from "../figure.ts";
import { formatNumber } from "../numbers.ts";
import { at, cut, svgText } from "./text.ts";

/** Where an image is: a URL or its content as one; undefined where there is none. */
export type ImageSource = (image: number) => string | undefined;

const tile = 60;
const between = 6;
const rowHeight = tile + 40;

export function mapsHeight(panel: MapsPanel, width: number): number {
  return 26 + Math.ceil(panel.images.length / columnsOf(panel, width)) * rowHeight;
}

/** Each image, then the image under a heat map for each token. */
export function mapsSvg(panel: MapsPanel, width: number, background: Background, source: ImageSource): string {
  const columns = columnsOf(panel, width);
  const each = (width - 24 * (columns - 1)) / columns;
  const head = svgText(0, 12, panel.title, { size: 12, bold: true });
  const about = svgText(width, 12, `${panel.about}; bright is more`, { size: 10.5, anchor: "end", quiet: true });
  const images = panel.images.map((image, index) => {
    const x = (index % columns) * (each + 24);
    const y = 24 + Math.floor(index / columns) * rowHeight;
    return `<g transform="translate(${at(x)} ${at(y)})">${imageSvg(image, panel, each, background, source)}</g>`;
  });
  return head + about + images.join("");
}

function columnsOf({ images }: MapsPanel, width: number): number {
  return width >= 640 && images.length > 1 ? 2 : 1;
}

function imageSvg(
  image: MapsImage,
  { grid }: MapsPanel,
  width: number,
  background: Background,
  source: ImageSource,
): string {
  const thumbnail = thumbnailSvg(source(image.image));
  const room = Math.max(1, Math.floor((width - tile - 12) / (tile + between)));
  const tiles = image.maps.slice(0, room).map(({ token, weights }, place) => {
    const x = tile + 12 + place * (tile + between);
    const peak = formatNumber(Math.max(0, ...weights));
    return (
      `<g transform="translate(${at(x)} 0)"><title>${escapeHtml(`“${token}”: at most ${peak} at one patch`)}</title>` +
      `${thumbnail}${heatSvg(weights, grid, image.end)}${svgText(tile / 2, tile + 14, cut(token, tile + between, 11), { anchor: "middle" })}</g>`
    );
  });
  const label = svgText(0, tile + 14, cut(image.label, tile + 10, 11), { quiet: true });
  const right = image.right ? svgText(0, tile + 28, "✓ right", { size: 10.5, color: css("good", background) }) : "";
  const left = image.maps.length - room;
  const more =
    left > 0 ? svgText(width, tile + 28, `and ${left} more tokens`, { size: 10, anchor: "end", quiet: true }) : "";
  return thumbnail + tiles.join("") + label + right + more;
}

function thumbnailSvg(source: string | undefined): string {
  if (!source) return `<rect width="${tile}" height="${tile}" fill="currentColor" fill-opacity="0.08"/>`;
  return `<image width="${tile}" height="${tile}" style="image-rendering: pixelated" href="${escapeHtml(source)}"/>`;
}

function heatSvg(weights: readonly number[], { rows, columns }: MapsPanel["grid"], end: number): string {
  const [width, height] = [tile / columns, tile / rows];
  return weights
    .map((weight, patch) => {
      const x = at((patch % columns) * width);
      const y = at(Math.floor(patch / columns) * height);
      return `<rect x="${x}" y="${y}" width="${at(width)}" height="${at(height)}" fill="rgb(${heatColor(weight / end).join(",")})" fill-opacity="0.72" shape-rendering="crispEdges"/>`;
    })
    .join("");
}
