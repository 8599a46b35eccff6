import { type Background, css } from "../colors.ts";
import { escapeHtml } from "../escape.ts";
import type { Bar, BarsPanel } from "../figure.ts";
import { formatNumber } from "../numbers.ts";
import { at, cut, svgText, textWidth } from "./text.ts";

const step = 22;
const top = 24;

export function barsHeight({ bars }: BarsPanel): number {
  return top + step * bars.length;
}

/** Bars from the left, with their numbers. */
export function barsSvg({ title, bars, end }: BarsPanel, width: number, background: Background): string {
  const left = Math.min(width / 3, Math.max(0, ...bars.map(({ name }) => textWidth(name))) + 8);
  const room = width - left - 48;
  const parts = bars.map((bar, index) => {
    const y = top + index * step;
    const long = share(bar.value, end) * room;
    return (
      svgText(left - 8, y + 14, cut(bar.name, left - 8), { anchor: "end" }) +
      rect(bar, { x: left, y: y + 3, width: long, height: step - 7 }, background) +
      svgText(left + long + 6, y + 14, formatNumber(bar.value), { quiet: true, size: 10.5 })
    );
  });
  return svgText(0, 12, title, { size: 12, bold: true }) + parts.join("");
}

/** Bars from the bottom, without text, for a card. */
export function barsSpark({ bars, end }: BarsPanel, width: number, height: number, background: Background): string {
  const slot = width / Math.max(1, bars.length);
  const thickness = Math.min(16, slot * 0.7);
  return bars
    .map((bar, index) => {
      const size = Math.max(1.5, share(bar.value, end) * (height - 2));
      const x = index * slot + (slot - thickness) / 2;
      return rect(bar, { x, y: height - size, width: thickness, height: size }, background);
    })
    .join("");
}

function share(value: number, end: number): number {
  return Number.isFinite(value) ? Math.max(0, Math.min(1, value / end)) : value > 0 ? 1 : 0;
}

function rect(
  { name, value, color, outline }: Bar,
  place: { x: number; y: number; width: number; height: number },
  background: Background,
): string {
  const ink = css(Number.isFinite(value) ? color : "bad", background);
  const inset = outline ? 0.6 : 0;
  const [width, height] = [Math.max(0, place.width - 2 * inset), Math.max(0, place.height - 2 * inset)];
  const paint = outline ? `fill="none" stroke="${ink}" stroke-width="1.25"` : `fill="${ink}"`;
  return `<rect x="${at(place.x + inset)}" y="${at(place.y + inset)}" width="${at(width)}" height="${at(height)}" rx="1.5" ${paint}><title>${escapeHtml(`${name}: ${formatNumber(value)}`)}</title></rect>`;
}
