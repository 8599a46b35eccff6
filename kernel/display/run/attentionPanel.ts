import type { AttentionFrame, AttentionImage } from "../../../src/channels/attention.ts";
import { isRight } from "../../../src/channels/samples.ts";
import { attentionScale, isText, type Layer, tokenAttention } from "../../../src/channels/tokenAttention.ts";
import { heatColor } from "../../../src/figures/colors.ts";
import { formatNumber } from "../../../src/figures/numbers.ts";
import { escapeHtml, inks } from "../html.ts";
import type { Panel, PlotlyPart } from "../plot/panel.ts";
import { at, cut, svgText } from "../plot/svgText.ts";

export interface AttentionOptions {
  /** A gated layer by its place, or the mean over all of them. */
  layer?: Layer;
  /** At most so many pictures. */
  pictures?: number;
  /** Whether the training step is told that the frame was taken at. */
  step?: boolean;
}

const tile = 60;
const between = 6;
const rowHeight = tile + 40;

/** What each word of a caption looks at in its picture: the picture, then the picture under a heat map for each word. */
export class AttentionPanel implements Panel {
  readonly #frame: AttentionFrame;
  readonly #png: readonly (Uint8Array | undefined)[];
  readonly #options: Required<AttentionOptions>;

  /** @param pngs PNG files of the pictures, by the number that the frame gives them */
  constructor(frame: AttentionFrame, pngs: readonly (Uint8Array | undefined)[], options: AttentionOptions = {}) {
    this.#frame = frame;
    this.#png = pngs;
    this.#options = { layer: "mean", pictures: 4, step: true, ...options };
  }

  height(width: number): number {
    return 26 + Math.ceil(this.#shown().length / this.#columns(width)) * rowHeight;
  }

  svg(width: number): string {
    const columns = this.#columns(width);
    const each = (width - 24 * (columns - 1)) / columns;
    const { layer } = this.#options;
    const { step, layers } = this.#frame;
    const where =
      layer === "mean" ? `mean over ${layers.length} gated layers` : `gated layer ${layer + 1} of ${layers.length}`;
    const head = svgText(0, 12, "what each word looks at", { size: 12, bold: true });
    const about = svgText(width, 12, `${this.#options.step ? `step ${step}, ` : ""}${where}; bright is more`, {
      size: 10.5,
      anchor: "end",
      quiet: true,
    });
    const pictures = this.#shown().map((picture, index) => {
      const x = (index % columns) * (each + 24);
      const y = 24 + Math.floor(index / columns) * rowHeight;
      return `<g transform="translate(${at(x)} ${at(y)})">${this.#picture(picture, each)}</g>`;
    });
    return head + about + pictures.join("");
  }

  /** All maps in one: a row of tiles for each picture, a gap between tiles. */
  plotly(): PlotlyPart {
    const { rows, columns } = this.#frame.grid;
    const z: (number | null)[][] = [];
    const labels = { x: [] as number[], y: [] as number[], text: [] as string[] };
    const names: { at: number; label: string }[] = [];
    const longest = Math.max(1, ...this.#shown().map((picture) => contentWords(picture).length));
    for (const picture of this.#shown()) {
      const words = contentWords(picture);
      const maps = words.map(({ index }) => tokenAttention(picture, this.#options.layer, index));
      names.push({ at: z.length + (rows - 1) / 2, label: picture.label });
      words.forEach(({ text }, place) => {
        labels.x.push(place * (columns + 1) + (columns - 1) / 2);
        labels.y.push(z.length + rows);
        labels.text.push(text);
      });
      for (let row = 0; row < rows; row++) {
        z.push(
          Array.from({ length: longest * (columns + 1) }, (_, index) => {
            const share = maps[Math.floor(index / (columns + 1))]?.[row * columns + (index % (columns + 1))];
            return index % (columns + 1) < columns && share !== undefined ? Number(share.toPrecision(3)) : null;
          }),
        );
      }
      z.push(new Array<null>(longest * (columns + 1)).fill(null));
    }
    const colorscale = [0, 0.25, 0.5, 0.75, 1].map((stop) => [stop, `rgb(${heatColor(stop).join(",")})`]);
    return {
      traces: [
        {
          type: "heatmap",
          z,
          zmin: 0,
          colorscale,
          hoverongaps: false,
          colorbar: { title: { text: "share of attention" } },
        },
        { type: "scatter", mode: "text", ...labels, showlegend: false, hoverinfo: "skip" },
      ],
      xaxis: { showticklabels: false, showgrid: false },
      yaxis: {
        autorange: "reversed",
        showgrid: false,
        tickvals: names.map((name) => name.at),
        ticktext: names.map(({ label }) => label),
      },
    };
  }

  text(): string {
    const lines = this.#shown().map((picture) => {
      const words = contentWords(picture).map(({ text, index }) => {
        const shares = tokenAttention(picture, this.#options.layer, index);
        return `${text} (at most ${formatNumber(Math.max(0, ...shares))} at one patch)`;
      });
      return `  ${picture.label}: ${words.join(", ") || "no words"}`;
    });
    const when = this.#options.step ? `, step ${this.#frame.step}` : "";
    return [`what each word looks at${when}`, ...lines].join("\n");
  }

  #shown(): readonly AttentionImage[] {
    return this.#frame.images.slice(0, this.#options.pictures);
  }

  #columns(width: number): number {
    return width >= 640 && this.#shown().length > 1 ? 2 : 1;
  }

  #picture(picture: AttentionImage, width: number): string {
    const { layer } = this.#options;
    const { end } = attentionScale(picture, layer);
    const words = contentWords(picture);
    const caption = words.map(({ text }) => text).join(" ");
    const right = isRight({ label: picture.label, caption });
    const room = Math.max(1, Math.floor((width - tile - 12) / (tile + between)));
    const tiles = words.slice(0, room).map(({ text, index }, place) => {
      const x = tile + 12 + place * (tile + between);
      const shares = tokenAttention(picture, layer, index);
      return (
        `<g transform="translate(${at(x)} 0)"><title>${escapeHtml(`“${text}”: at most ${formatNumber(Math.max(0, ...shares))} at one patch`)}</title>` +
        `${this.#thumbnail(picture)}${this.#heat(shares, end)}${svgText(tile / 2, tile + 14, cut(text, tile + between, 11), { anchor: "middle" })}</g>`
      );
    });
    const label = svgText(0, tile + 14, cut(picture.label, tile + 10, 11), { quiet: true });
    const verdict = right ? svgText(0, tile + 28, "✓ right", { size: 10.5, color: inks.good }) : "";
    const more =
      words.length > room
        ? svgText(width, tile + 28, `and ${words.length - room} more words`, { size: 10, anchor: "end", quiet: true })
        : "";
    return this.#thumbnail(picture) + tiles.join("") + label + verdict + more;
  }

  #thumbnail({ image }: AttentionImage): string {
    const png = this.#png[image];
    if (!png) return `<rect width="${tile}" height="${tile}" fill="currentColor" fill-opacity="0.08"/>`;
    const data = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
    return `<image width="${tile}" height="${tile}" style="image-rendering: pixelated" href="${data}"/>`;
  }

  #heat(shares: readonly number[], end: number): string {
    const { rows, columns } = this.#frame.grid;
    const [width, height] = [tile / columns, tile / rows];
    return shares
      .map((share, patch) => {
        const x = at((patch % columns) * width);
        const y = at(Math.floor(patch / columns) * height);
        return `<rect x="${x}" y="${y}" width="${at(width)}" height="${at(height)}" fill="rgb(${heatColor(share / end).join(",")})" fill-opacity="0.72" shape-rendering="crispEdges"/>`;
      })
      .join("");
  }
}

/** The words of a caption, without the tags that frame it. */
function contentWords({ tokens }: AttentionImage): { text: string; index: number }[] {
  return tokens.map((text, index) => ({ text, index })).filter(({ text }) => isText(text));
}
