import { type Background, css } from "../colors.ts";
import type { StatusPanel } from "../figure.ts";
import { at, cut, svgText, textWidth } from "./text.ts";

export function statusHeight({ lines }: StatusPanel): number {
  return lines.length > 1 ? 50 : 34;
}

/** A run's name, how far it is in words, and a bar. */
export function statusSvg(
  { name, color, share, failed, lines }: StatusPanel,
  width: number,
  background: Background,
): string {
  const ink = css(color, background);
  const [first = "", ...rest] = lines;
  const title = cut(name, width * 0.45, 13.5);
  const left = 16 + textWidth(title, 13.5) + 14;
  return [
    `<circle cx="6" cy="9" r="4.5" fill="${ink}"/>`,
    svgText(16, 13.5, title, { size: 13.5, bold: true }),
    svgText(left, 13.5, cut(first, width - left, 12), { size: 12, quiet: true }),
    `<rect x="0" y="23" width="${at(width)}" height="4" rx="2" fill="currentColor" fill-opacity="0.13"/>`,
    `<rect x="0" y="23" width="${at(width * share)}" height="4" rx="2" fill="${ink}"/>`,
    ...rest.map((line, index) =>
      svgText(0, 44 + 15 * index, cut(line, width, 11.5), {
        size: 11.5,
        color: failed ? css("bad", background) : "currentColor",
        quiet: !failed,
      }),
    ),
  ].join("");
}
