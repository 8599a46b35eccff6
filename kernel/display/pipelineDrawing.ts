import type { Catalog } from "../../src/core/catalog.ts";
import { type LayoutNode, layout } from "../../src/figures/layout.ts";
import { formatWeights } from "../../src/figures/numbers.ts";
import { shapeText } from "../../src/figures/shapeText.ts";
import { at, cut, svgText, textWidth } from "../../src/figures/svg/text.ts";
import { type Tone, toneOf, toneWords } from "../../src/figures/tone.ts";
import { topologicalOrder } from "../../src/graph/order.ts";
import { type Solution, solveShapes } from "../../src/graph/solve.ts";
import type { Pipeline } from "../../src/pipeline/schema.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import type { FormatOptions } from "./formatter.ts";
import { escapeHtml, fontFamily, inks } from "./html.ts";
import { rasterise } from "./rasterise.ts";

/** How many numbers a node's weights hold, and how many of them learn. */
export type WeightCounts = Readonly<Record<string, { weights: number; trainable: number }>>;

const head = 36;
const row = 17;
const foot = 7;
const least = 128;
const fills: Record<Tone, string> = {
  frozen: inks.frozenFill,
  trained: inks.trainedFill,
  both: "url(#both)",
  none: inks.faint,
};
const strokes: Record<Tone, string> = {
  frozen: inks.frozen,
  trained: inks.trained,
  both: inks.trained,
  none: inks.muted,
};

interface Card {
  id: string;
  title: string;
  subtitle: string;
  tone: Tone;
  inputs: string[];
  outputs: string[];
  width: number;
  height: number;
}

/**
 * A pipeline, drawn from left to right as in the paper's Figure 3: blue is frozen, purple is new, both is both, and every
 * output says its solved shape.
 */
export async function pipelineBundle(
  pipeline: Pipeline,
  catalog: Catalog,
  counts: WeightCounts,
  { light = false }: FormatOptions = {},
): Promise<MimeBundle> {
  const text = pipelineText(pipeline, catalog, counts);
  return {
    data: {
      "text/html": pipelineSvg(pipeline, catalog, counts),
      ...(light
        ? {}
        : {
            "image/png": Buffer.from(await rasterise(pipelineSvg(pipeline, catalog, counts, true))).toString("base64"),
          }),
      "text/plain": text,
    },
  };
}

/** The drawing as an SVG document. `paper` puts it on white, for a drawing that stands alone. */
export function pipelineSvg(pipeline: Pipeline, catalog: Catalog, counts: WeightCounts, paper = false): string {
  const solution = solveShapes(pipeline, catalog);
  const cards = new Map(Object.keys(pipeline.nodes).map((id) => [id, cardOf(id, pipeline, catalog, counts, solution)]));
  const { positions, routes } = layout([...cards.values()].map(layoutNode), pipeline.edges, { x: 44, y: 22 });
  const edge = 14;
  const all = [...cards.values()];
  const width = Math.ceil(Math.max(1, ...all.map((card) => positions[card.id]![0] + card.width)) + 2 * edge);
  const height = Math.ceil(Math.max(1, ...all.map((card) => positions[card.id]![1] + card.height)) + 2 * edge);
  const place = (end: readonly [string, string], side: "inputs" | "outputs") => {
    const card = cards.get(end[0]);
    const position = positions[end[0]];
    if (!card || !position) return undefined;
    return [position[0] + (side === "outputs" ? card.width : 0), position[1] + portOffset(card, side, end[1])] as const;
  };
  const wires = pipeline.edges.map(({ from, to }, index) => {
    const [start, end] = [place(from, "outputs"), place(to, "inputs")];
    return start && end ? wirePath([start, ...(routes[index] ?? []), end], solution.conflicts.has(index)) : "";
  });
  const drawn = all.map((card) => {
    const [x, y] = positions[card.id]!;
    return `<g transform="translate(${at(x)} ${at(y)})">${cardSvg(card, solution)}</g>`;
  });
  const gradient = `<linearGradient id="both"><stop offset="0.35" stop-color="${inks.frozen}" stop-opacity="0.16"/><stop offset="0.65" stop-color="${inks.trained}" stop-opacity="0.17"/></linearGradient>`;
  const sheet = paper ? `<rect width="${width}" height="${height}" rx="8" fill="#ffffff"/>` : "";
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"` +
    ` aria-label="${escapeHtml(`the pipeline ${pipeline.name}`)}" font-family="${fontFamily}"${paper ? ' color="#24262c"' : ""}` +
    ` style="max-width: 100%; height: auto; display: block"><defs>${gradient}</defs>${sheet}` +
    `<g transform="translate(${edge} ${edge})">${wires.join("")}${drawn.join("")}</g></svg>`
  );
}

function cardOf(id: string, pipeline: Pipeline, catalog: Catalog, counts: WeightCounts, solution: Solution): Card {
  const node = pipeline.nodes[id]!;
  const entry = catalog[node.type];
  const count = counts[id];
  const ends = (side: "from" | "to") => [
    ...new Set(pipeline.edges.filter((edge) => edge[side][0] === id).map((edge) => edge[side][1])),
  ];
  const inputs = entry ? Object.keys(entry.inputs) : ends("to");
  const outputs = entry ? Object.keys(entry.outputs) : ends("from");
  const title = node.label ?? entry?.title ?? node.type;
  const tone = toneOf(count);
  const weights =
    count && count.weights > 0
      ? ` · ${formatWeights(count.weights)} ${tone === "both" ? "part trained" : toneWords[tone]}`
      : "";
  const subtitle = `${id}${weights}`;
  const widths = [
    textWidth(title, 12.5) + 24,
    textWidth(subtitle, 10) + 20,
    ...inputs.map((port) => textWidth(port, 10.5) + 24),
    ...outputs.map((port) => textWidth(`${port} ${shapeText(solution.outputs[id]?.[port])}`, 11.5) + 30),
  ];
  const width = Math.min(260, Math.max(least, ...widths));
  return {
    id,
    title,
    subtitle,
    tone,
    inputs,
    outputs,
    width,
    height: head + (inputs.length + outputs.length) * row + foot,
  };
}

function layoutNode(card: Card): LayoutNode {
  const offsets = (side: "inputs" | "outputs") =>
    Object.fromEntries(card[side].map((port) => [port, portOffset(card, side, port)]));
  const { id, width, height } = card;
  return { id, width, height, head: head / 2, inputs: offsets("inputs"), outputs: offsets("outputs") };
}

function portOffset({ inputs, outputs }: Card, side: "inputs" | "outputs", port: string): number {
  const index = side === "inputs" ? inputs.indexOf(port) : inputs.length + outputs.indexOf(port);
  return head + (Math.max(0, index) + 0.5) * row;
}

function cardSvg(card: Card, solution: Solution): string {
  const { id, title, subtitle, tone, inputs, outputs, width, height } = card;
  const dot = (x: number, y: number) => `<circle cx="${at(x)}" cy="${at(y)}" r="3" fill="${strokes[tone]}"/>`;
  const ports = [
    ...inputs.map((port) => {
      const y = portOffset(card, "inputs", port);
      return dot(0, y) + svgText(10, y + 3.5, port, { size: 10.5 });
    }),
    ...outputs.map((port) => {
      const y = portOffset(card, "outputs", port);
      const shape = shapeText(solution.outputs[id]?.[port]);
      const room = width - textWidth(port, 10.5) - 26;
      return (
        dot(width, y) +
        svgText(width - 10, y + 3.5, port, { size: 10.5, anchor: "end" }) +
        svgText(width - 16 - textWidth(port, 10.5), y + 3.5, cut(shape, room, 10), {
          size: 10,
          anchor: "end",
          quiet: true,
        })
      );
    }),
  ];
  return [
    `<rect width="${at(width)}" height="${height}" rx="8" fill="${fills[tone]}" stroke="${strokes[tone]}" stroke-opacity="0.75"/>`,
    svgText(10, 16, cut(title, width - 18, 12.5), { size: 12.5, bold: true }),
    svgText(10, 29, cut(subtitle, width - 16, 10), { size: 10, quiet: true }),
    ...ports,
  ].join("");
}

function wirePath(points: readonly (readonly [number, number])[], wrong: boolean): string {
  let path = `M${at(points[0]![0])} ${at(points[0]![1])}`;
  for (let index = 1; index < points.length; index++) {
    const [[x0, y0], [x1, y1]] = [points[index - 1]!, points[index]!];
    const bend = Math.max(18, (x1 - x0) / 2);
    path += `C${at(x0 + bend)} ${at(y0)} ${at(x1 - bend)} ${at(y1)} ${at(x1)} ${at(y1)}`;
  }
  const stroke = wrong ? inks.bad : "currentColor";
  return `<path d="${path}" fill="none" stroke="${stroke}" stroke-opacity="${wrong ? 1 : 0.38}" stroke-width="1.4"${wrong ? ' stroke-dasharray="5 3"' : ""}/>`;
}

/** The same in words: each node, what it reads and what it gives. */
function pipelineText(pipeline: Pipeline, catalog: Catalog, counts: WeightCounts): string {
  const { outputs } = solveShapes(pipeline, catalog);
  const lines = topologicalOrder(pipeline).order.map((id) => {
    const { type } = pipeline.nodes[id]!;
    const count = counts[id];
    const weights =
      count && count.weights > 0 ? `, ${formatWeights(count.weights)} weights, ${toneWords[toneOf(count)]}` : "";
    const reads = pipeline.edges
      .filter(({ to }) => to[0] === id)
      .map(({ from, to }) => `${to[1]} from ${from.join(".")}`);
    const gives = Object.entries(outputs[id] ?? {}).map(([port, shape]) => `${port} [${shape.join(", ")}]`);
    const parts = [
      ...(reads.length > 0 ? [`reads ${reads.join(", ")}`] : []),
      ...(gives.length > 0 ? [`gives ${gives.join(", ")}`] : []),
    ];
    return `  ${id} (${type}${weights})${parts.length > 0 ? `: ${parts.join("; ")}` : ""}`;
  });
  return [`${pipeline.name}${pipeline.description ? `: ${pipeline.description}` : ""}`, ...lines].join("\n");
}
