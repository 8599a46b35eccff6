import { roundDown, roundUp } from "../../../src/figures/axis.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import type { Series } from "../../../src/figures/series.ts";
import { escapeHtml } from "../html.ts";
import type { Panel, PlotlyPart } from "./panel.ts";
import { at, cut, svgText, textWidth } from "./svgText.ts";
import { linearTicks, logTicks, tickLabel } from "./ticks.ts";

/** A line of a plot. */
export interface PlotLine {
  name: string;
  series: Series;
  color: string;
  width?: number;
  opacity?: number;
  /** Lengths of strokes and gaps, as SVG has them: `4 3`. */
  dash?: string;
}

export interface PlotAxis {
  /** What it shows and its unit: `loss (nats per token)`. */
  title: string;
  range?: readonly [number, number];
  log?: boolean;
}

/** A line of the legend. */
export interface LegendEntry {
  label: string;
  /** A coloured square for each, or a stroke where there is a dash. */
  colors?: readonly string[];
  dash?: string;
}

export interface LinePanelOptions {
  lines: readonly PlotLine[];
  x: PlotAxis;
  y: PlotAxis;
  /** The number that matters now, at the right of the head: `0.312 nats`. */
  readout?: string;
  /** One entry for each line unless told. */
  legend?: readonly LegendEntry[];
  height?: number;
}

/** At most so many points a line, and over all lines of a panel. */
const most = { line: 2000, all: 8000 } as const;
const margin = { left: 44, right: 10, top: 44, bottom: 34 } as const;

/** Lines over an axis: drawn with round ticks, thinned out so that spikes stay. */
export class LinePanel implements Panel {
  readonly #options: LinePanelOptions;
  readonly #lines: readonly PlotLine[];
  readonly #x: Required<PlotAxis>;
  readonly #y: Required<PlotAxis>;

  constructor(options: LinePanelOptions) {
    this.#options = options;
    const points = Math.min(most.line, Math.max(60, Math.floor(most.all / Math.max(1, options.lines.length))));
    this.#lines = options.lines.map((line) => ({ ...line, series: line.series.thinned(points) }));
    this.#x = settle(
      options.x,
      this.#lines.flatMap(({ series }) => [series.length > 0 ? series.x(0) : 0, series.last?.x ?? 1]),
      false,
    );
    this.#y = settle(
      options.y,
      this.#lines.flatMap(({ series }) => series.ys),
      true,
    );
  }

  height(): number {
    return this.#options.height ?? 240;
  }

  svg(width: number): string {
    const height = this.height();
    const box = { left: margin.left, top: margin.top, right: width - margin.right, bottom: height - margin.bottom };
    const x = scale(this.#x, box.left, box.right);
    const y = scale(this.#y, box.bottom, box.top);
    return [this.#head(width), this.#axes(box, x, y), this.#paths(box, x, y)].join("");
  }

  plotly(): PlotlyPart {
    const axis = ({ title, range, log }: Required<PlotAxis>) => ({
      title: { text: title },
      type: log ? "log" : "linear",
      range: log ? range.map((value) => Math.log10(value)) : [...range],
    });
    const traces = this.#lines.map(({ name, series, color, width = 1.75, opacity = 1, dash }) => ({
      type: "scatter",
      mode: "lines",
      name,
      x: series.xs,
      y: series.ys.map((value) => (Number.isFinite(value) ? Number(value.toPrecision(5)) : null)),
      opacity,
      connectgaps: false,
      line: { color, width, dash: dash ? dash.replace(/(\d+)/g, "$1px").replaceAll(" ", ",") : "solid" },
    }));
    return { traces, xaxis: axis(this.#x), yaxis: axis(this.#y) };
  }

  text(): string {
    const last = this.#lines.map(({ name, series }) => {
      return series.last ? `  ${name}: ${formatNumber(series.last.y)} at ${series.last.x}` : `  ${name}: nothing yet`;
    });
    const shown = last.length > 12 ? [...last.slice(0, 12), `  and ${last.length - 12} more lines`] : last;
    return [`${this.#y.title} over ${this.#x.title}`, ...shown].join("\n");
  }

  #head(width: number): string {
    const { readout } = this.#options;
    const title = svgText(0, 12, this.#y.title, { size: 12, bold: true });
    const number = readout ? svgText(width - margin.right, 12, readout, { size: 12, anchor: "end", bold: true }) : "";
    return title + number + this.#legend(width);
  }

  #legend(width: number): string {
    const entries: readonly LegendEntry[] =
      this.#options.legend ??
      this.#lines.map(({ name, color, dash }) => ({ label: name, colors: [color], dash: dash ?? "" }));
    let left = 0;
    return entries
      .map(({ label, colors = ["currentColor"], dash }) => {
        const swatch = dash === undefined ? colors.length * 11 : 18;
        const label_ = cut(label, width - left - swatch - 4, 10.5);
        const all = swatch + 5 + textWidth(label_, 10.5) + 14;
        if (left > 0 && left + all > width) return "";
        const marks =
          dash === undefined
            ? colors.map(
                (color, index) =>
                  `<rect x="${at(left + index * 11)}" y="21" width="9" height="9" rx="2" fill="${color}"/>`,
              )
            : [
                `<line x1="${at(left)}" y1="25.5" x2="${at(left + 18)}" y2="25.5" stroke="${colors[0]}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`,
              ];
        const drawn = marks.join("") + svgText(left + swatch + 5, 29.5, label_, { size: 10.5, quiet: true });
        left += all;
        return drawn;
      })
      .join("");
  }

  #axes(box: Box, x: Scale, y: Scale): string {
    const parts: string[] = [];
    const yTicks = this.#y.log ? logTicks(this.#y.range) : linearTicks(this.#y.range, 4);
    for (const tick of yTicks) {
      const level = y(tick);
      const zero = tick === 0 && this.#y.range[0] < 0;
      parts.push(
        `<line x1="${box.left}" x2="${at(box.right)}" y1="${at(level)}" y2="${at(level)}" stroke="currentColor" stroke-opacity="${zero ? 0.4 : 0.13}"/>`,
        svgText(box.left - 6, level + 3.5, tickLabel(tick, yTicks), { anchor: "end", quiet: true, size: 10.5 }),
      );
    }
    const xTicks = this.#x.log
      ? logTicks(this.#x.range)
      : linearTicks(this.#x.range, Math.max(2, Math.floor((box.right - box.left) / 90)));
    for (const tick of xTicks) {
      const place = x(tick);
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
      svgText((box.left + box.right) / 2, box.bottom + 30, this.#x.title, { anchor: "middle", quiet: true, size: 11 }),
    );
    return parts.join("");
  }

  #paths(box: Box, x: Scale, y: Scale): string {
    const clip = (value: number) => Math.min(box.bottom, Math.max(box.top, value));
    return this.#lines
      .map((line) => {
        const thin = line.series.thinned(3 * Math.ceil((box.right - box.left) / 2));
        let path = "";
        let open = false;
        let points = 0;
        for (const [at_, value] of thin) {
          if (!Number.isFinite(value) || (this.#y.log && value <= 0)) {
            open = false;
            continue;
          }
          path += `${open ? "L" : "M"}${at(x(at_))} ${at(clip(y(value)))}`;
          open = true;
          points++;
        }
        if (points === 0) return "";
        const { color, width = 1.75, opacity = 1, dash, name } = line;
        if (points === 1) return `<path d="${path}h0.01" stroke="${color}" stroke-width="5" stroke-linecap="round"/>`;
        return `<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}" stroke-opacity="${opacity}" stroke-linejoin="round"${dash ? ` stroke-dasharray="${dash}"` : ""}><title>${escapeHtml(name)}</title></path>`;
      })
      .join("");
  }
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

type Scale = (value: number) => number;

function scale({ range: [low, high], log }: Required<PlotAxis>, from: number, to: number): Scale {
  const place = log ? Math.log10 : (value: number) => value;
  const [start, span] = [place(low), place(high) - place(low) || 1];
  return (value) => from + ((place(value) - start) / span) * (to - from);
}

/** An axis with a range of its own: round on values, tight along the way. */
function settle(
  { title, range, log = false }: PlotAxis,
  values: readonly number[],
  round: boolean,
): Required<PlotAxis> {
  if (range) return { title, range: [range[0], range[1] > range[0] ? range[1] : range[0] + 1], log };
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  let low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  let high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!(low <= high)) [low, high] = log ? [0.1, 1] : [0, 1];
  if (!round) return { title, range: [low, high > low ? high : low + 1], log };
  if (log) return { title, range: [roundDown(low), roundUp(high)], log };
  if (low >= 0 && low < 0.6 * high) return { title, range: [0, roundUp(high)], log };
  const ticks = linearTicks([low, high > low ? high : low + 1], 4);
  const step = (ticks[1] ?? ticks[0]! + 1) - ticks[0]!;
  return { title, range: [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step], log };
}
