import { formatNumber } from "../../../src/figures/numbers.ts";
import { escapeHtml } from "../html.ts";
import type { Panel, PlotlyPart } from "./panel.ts";
import { at, cut, svgText, textWidth } from "./svgText.ts";

export interface BarPanelOptions {
  title: string;
  /** Name and value, from the top down. Values are 0 or more. */
  bars: readonly (readonly [name: string, value: number])[];
  /** Where the scale ends; the largest value unless told. */
  end?: number;
  color: string;
}

const step = 22;
const head = 24;

/** Bars from the left, with their numbers: probabilities of words, sizes of parts. */
export class BarPanel implements Panel {
  readonly #options: BarPanelOptions;
  readonly #end: number;

  constructor(options: BarPanelOptions) {
    this.#options = options;
    const largest = options.bars.reduce((most, [, value]) => Math.max(most, value), 0);
    this.#end = options.end ?? (largest || 1);
  }

  height(): number {
    return head + step * this.#options.bars.length;
  }

  svg(width: number): string {
    const { title, bars, color } = this.#options;
    const left = Math.min(width / 3, Math.max(0, ...bars.map(([name]) => textWidth(name))) + 8);
    const room = width - left - 48;
    const parts = bars.map(([name, value], index) => {
      const y = head + index * step;
      const long = Math.max(0, Math.min(1, value / this.#end)) * room;
      const label = `${name}: ${formatNumber(value)}`;
      return (
        svgText(left - 8, y + 14, cut(name, left - 8), { anchor: "end" }) +
        `<rect x="${at(left)}" y="${y + 3}" width="${at(long)}" height="${step - 7}" rx="2" fill="${color}">` +
        `<title>${escapeHtml(label)}</title></rect>` +
        svgText(left + long + 6, y + 14, formatNumber(value), { quiet: true, size: 10.5 })
      );
    });
    return svgText(0, 12, title, { size: 12, bold: true }) + parts.join("");
  }

  plotly(): PlotlyPart {
    const { title, bars, color } = this.#options;
    const [y, x] = [bars.map(([name]) => name), bars.map(([, value]) => value)];
    return {
      traces: [{ type: "bar", orientation: "h", x, y, marker: { color }, name: title }],
      xaxis: { title: { text: title }, range: [0, this.#end] },
      yaxis: { autorange: "reversed" },
    };
  }

  text(): string {
    const { title, bars } = this.#options;
    const widest = Math.max(0, ...bars.map(([name]) => name.length));
    return [title, ...bars.map(([name, value]) => `  ${name.padEnd(widest)}  ${formatNumber(value)}`)].join("\n");
  }
}
