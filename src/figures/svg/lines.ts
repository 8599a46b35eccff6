import { type Background, css } from "../colors.ts";
import { escapeHtml } from "../escape.ts";
import type { Axis, LegendEntry, Line, LinesPanel, Mark } from "../figure.ts";
import { linearTicks, logTicks, tickLabel } from "../ticks.ts";
import { at, cut, svgText, textWidth } from "./text.ts";

const margin = { left: 44, right: 10, top: 44, bottom: 34 } as const;
const noteHeight = 16;

export function linesHeight({ height, notes }: LinesPanel): number {
  return height + (notes.length > 0 ? noteHeight : 0);
}

/** Lines with round ticks, a legend, and marks where a value is not finite. */
export function linesSvg(panel: LinesPanel, width: number, background: Background): string {
  const { height, notes } = panel;
  const box = { left: margin.left, top: margin.top, right: width - margin.right, bottom: height - margin.bottom };
  const note = notes.join("; ");
  return [
    head(panel, width, background),
    axes(panel, box),
    lineSvg(panel, box, background),
    note ? svgText(0, height + 8, cut(note, width, 10.5), { size: 10.5, color: css("bad", background) }) : "",
  ].join("");
}

/** The lines alone, without axes or text, for a card. */
export function linesSpark(panel: LinesPanel, width: number, height: number, background: Background): string {
  return lineSvg(panel, { left: 1, top: 2, right: width - 1, bottom: height - 2 }, background);
}

function head({ title, readout, legend, y }: LinesPanel, width: number, background: Background): string {
  const number = readout
    ? svgText(width - margin.right, 12, readout.value, { size: 12, anchor: "end", bold: true })
    : "";
  const room = width - (readout ? textWidth(readout.value, 12) + 16 : 0);
  const full = headline(title, y.title);
  return svgText(0, 12, cut(full, room, 12), { size: 12, bold: true }) + number + legendSvg(legend, width, background);
}

/** The title with what the y axis shows, each word once: `Loss (nats per token)`, `Gates: |tanh(α)|`. */
function headline(title: string, shown: string): string {
  if (shown === "" || shown === title) return title;
  const begins = shown.toLowerCase().startsWith(title.toLowerCase());
  return begins ? `${title}${shown.slice(title.length)}` : `${title}: ${shown}`;
}

const legendSize = 10.5;

function legendSvg(legend: LinesPanel["legend"], width: number, background: Background): string {
  let left = 0;
  const parts: string[] = [];
  for (const [index, entry] of legend.entries()) {
    const swatch = entry.dash === undefined ? entry.colors.length * 11 : 18;
    const label = cut(entry.label, width - swatch - 4, legendSize);
    const all = swatch + 5 + 0.92 * textWidth(label, legendSize) + 12;
    const last = index === legend.length - 1;
    if (left > 0 && left + all > width - (last ? 0 : 60)) {
      const rest = `and ${legend.length - index} more`;
      parts.push(svgText(left, 29.5, rest, { size: legendSize, quiet: true }));
      break;
    }
    parts.push(legendMark(entry, left, background));
    parts.push(svgText(left + swatch + 5, 29.5, label, { size: legendSize, quiet: true }));
    left += all;
  }
  return parts.join("");
}

/** A coloured square for each colour, or a stroke. */
function legendMark({ colors, dash, opacity = 1 }: LegendEntry, left: number, background: Background): string {
  const fills = colors.map((color) => css(color, background));
  if (dash === undefined) {
    const square = (fill: string, index: number) =>
      `<rect x="${at(left + index * 11)}" y="21" width="9" height="9" rx="2" fill="${fill}"/>`;
    return fills.map(square).join("");
  }
  const stroke = `stroke="${fills[0] ?? "currentColor"}" stroke-width="2" stroke-opacity="${opacity}"`;
  return `<line x1="${at(left)}" y1="25.5" x2="${at(left + 18)}" y2="25.5" ${stroke}${dashed(dash)}/>`;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function axes({ x, y }: LinesPanel, box: Box): string {
  const [toX, toY] = [scale(x, box.left, box.right), scale(y, box.bottom, box.top)];
  const parts: string[] = [];
  const yTicks = y.log ? logTicks(y.range) : linearTicks(y.range, 4);
  for (const tick of yTicks) {
    const level = toY(tick);
    const zero = tick === 0 && y.range[0] < 0;
    parts.push(
      `<line x1="${box.left}" x2="${at(box.right)}" y1="${at(level)}" y2="${at(level)}" stroke="currentColor" stroke-opacity="${zero ? 0.4 : 0.13}"/>`,
      svgText(box.left - 6, level + 3.5, tickLabel(tick, yTicks), { anchor: "end", quiet: true, size: 10.5 }),
    );
  }
  const xTicks = x.log ? logTicks(x.range) : linearTicks(x.range, Math.max(2, Math.floor((box.right - box.left) / 90)));
  for (const tick of xTicks) {
    const place = toX(tick);
    const anchor = place > box.right - 14 ? "end" : "middle";
    parts.push(
      `<line x1="${at(place)}" x2="${at(place)}" y1="${box.bottom}" y2="${box.bottom + 4}" stroke="currentColor" stroke-opacity="0.4"/>`,
      svgText(anchor === "end" ? box.right : place, box.bottom + 15, tickLabel(tick, xTicks), {
        anchor,
        quiet: true,
        size: 10.5,
      }),
    );
  }
  parts.push(
    `<line x1="${box.left}" x2="${at(box.right)}" y1="${box.bottom}" y2="${box.bottom}" stroke="currentColor" stroke-opacity="0.4"/>`,
    svgText((box.left + box.right) / 2, box.bottom + 30, x.title, { anchor: "middle", quiet: true, size: 11 }),
  );
  return parts.join("");
}

function lineSvg({ x, y, lines, marks }: LinesPanel, box: Box, background: Background): string {
  const [toX, toY] = [scale(x, box.left, box.right), scale(y, box.bottom, box.top)];
  const within = (value: number) => value >= box.left - 0.5 && value <= box.right + 0.5;
  const level = (value: number) => Math.min(box.bottom, Math.max(box.top, toY(value)));
  const drawn = lines.map((line) => {
    const path = pathOf(line, toX, level, within);
    if (path === "") return "";
    const { name, color, width, opacity, dash } = line;
    return `<path d="${path}" fill="none" stroke="${css(color, background)}" stroke-width="${width}" stroke-opacity="${opacity}" stroke-linejoin="round" stroke-linecap="round"${dashed(dash)}><title>${escapeHtml(name)}</title></path>`;
  });
  const shown = marks.filter((mark) => within(toX(mark.x)));
  return drawn.join("") + shown.map((mark) => markSvg(mark, toX(mark.x), box, css("bad", background))).join("");
}

/** A value alone between two gaps is a dot. */
function pathOf({ x, y }: Line, toX: Scale, toY: Scale, within: (place: number) => boolean): string {
  let path = "";
  let run = 0;
  for (const [index, value] of [...y, null].entries()) {
    const place = toX(x[index] ?? 0);
    if (value === null || !within(place)) {
      if (run === 1) path += "h0.01";
      run = 0;
      continue;
    }
    path += `${run > 0 ? "L" : "M"}${at(place)} ${at(toY(value))}`;
    run++;
  }
  return path;
}

/** A cross at the bottom for NaN, a triangle at the end of the axis for an infinity. */
function markSvg({ value, label }: Mark, x: number, { top, bottom }: Box, color: string): string {
  const title = `<title>${escapeHtml(label)}</title>`;
  if (value === "NaN") {
    const y = bottom - 5;
    const path = `M${at(x - 3)} ${at(y - 3)}L${at(x + 3)} ${at(y + 3)}M${at(x - 3)} ${at(y + 3)}L${at(x + 3)} ${at(y - 3)}`;
    return `<path d="${path}" stroke="${color}" stroke-width="1.75">${title}</path>`;
  }
  const [base, tip] = value === "Infinity" ? [top + 7, top] : [bottom - 7, bottom];
  return `<path d="M${at(x - 4)} ${at(base)}L${at(x + 4)} ${at(base)}L${at(x)} ${at(tip)}Z" fill="${color}">${title}</path>`;
}

type Scale = (value: number) => number;

function scale({ range: [low, high], log }: Axis, from: number, to: number): Scale {
  const place = log ? Math.log10 : (value: number) => value;
  const [start, span] = [place(low), place(high) - place(low) || 1];
  return (value) => from + ((place(value) - start) / span) * (to - from);
}

function dashed(dash: readonly number[]): string {
  return dash.length > 0 ? ` stroke-dasharray="${dash.join(" ")}"` : "";
}
