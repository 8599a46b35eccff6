import type { Catalog, CatalogEntry } from "../../../src/core/catalog.ts";
import { escapeHtml } from "../../../src/figures/escape.ts";
import { formatWeights } from "../../../src/figures/numbers.ts";
import { shapeText } from "../../../src/figures/shapeText.ts";
import { fontFamily } from "../../../src/figures/svg/figure.ts";
import { at, cut, svgText, textWidth } from "../../../src/figures/svg/text.ts";
import { type Tone, toneOf } from "../../../src/figures/tone.ts";
import { checkPipeline } from "../../../src/graph/check.ts";
import { type Box, boxAround } from "../../../src/graph/edit/box.ts";
import type { GraphNode, Note } from "../../../src/graph/graph.ts";
import { catalogWith } from "../../../src/graph/graphBlock.ts";
import { type Solution, solveShapes } from "../../../src/graph/solve.ts";
import { pipelineElement } from "../../../src/pipeline/picture.ts";
import type { Pipeline } from "../../../src/pipeline/schema.ts";
import type { Description } from "../../shared/protocol.ts";
import { card, cardHeight, portOffset } from "./cardSize.ts";
import { flowEdges, frameBox, routedEdges } from "./flowNodes.ts";
import { placeAll, portsOf } from "./nodePorts.ts";
import { wirePath } from "./wireRoutes.ts";

/** Gives the page's colours by their names: `text`, `blue-pale`. */
export type Paint = (name: string) => string;

interface PictureOptions {
  paint: Paint;
  /** Weights of each node; without them no node has a colour. */
  counts?: Description["nodes"];
  /** Whether all of it is drawn, with the pipeline's name above and the pipeline itself in it. A picture that is not whole is to be seen in small, so it has no text. */
  whole?: boolean;
}

/** A picture and its size in pixels. */
export interface SvgPicture {
  svg: string;
  width: number;
  height: number;
}

const margin = 24;
const titleHeight = 34;

/** A pipeline as the canvas draws it, as an SVG picture that needs nothing beside it. */
export function pipelineSvg(pipeline: Pipeline, library: Catalog, options: PictureOptions): SvgPicture {
  const { paint, counts = {}, whole = false } = options;
  const catalog = catalogWith(library, pipeline.blocks);
  const placed = placeAll(pipeline, catalog);
  const { positions, notes = {}, groups = {} } = placed.view;
  const cards = new Map(
    Object.entries(placed.nodes).map(([id, { type }]): [string, Box] => {
      const [x, y] = positions[id]!;
      return [id, { x, y, width: card.width, height: cardHeight(portsOf(placed, id, catalog[type])) }];
    }),
  );
  const papers = new Map(
    Object.entries(notes).map(
      ([
        id,
        {
          size: [width, height],
        },
      ]): [string, Box] => {
        const [x, y] = positions[id] ?? [0, 0];
        return [id, { x, y, width, height }];
      },
    ),
  );
  const frames = Object.values(groups).flatMap(({ title, color, members }) => {
    const box = frameBox(members.flatMap((id) => cards.get(id) ?? papers.get(id) ?? []));
    return box ? [{ title, color, box }] : [];
  });
  const all = [...cards.values(), ...papers.values(), ...frames.map(({ box }) => box)];
  const around = all.length > 0 ? boxAround(all) : { x: 0, y: 0, width: 0, height: 0 };
  const top = whole ? titleHeight : 0;
  const [left, above] = [around.x - margin, around.y - margin - top];
  const [width, height] = [Math.ceil(around.width + 2 * margin), Math.ceil(around.height + 2 * margin + top)];
  const solution = solveShapes(placed, catalog);
  const wires = flowEdges(placed, solution, checkPipeline(placed, library), []);
  const routed = routedEdges(wires, placed, catalog, cards, 1);
  const nodes = Object.entries(placed.nodes);
  const parts = [
    `<rect x="${at(left)}" y="${at(above)}" width="${width}" height="${height}" fill="${paint("page")}"/>`,
    ...(whole
      ? [svgText(around.x, above + titleHeight, cut(pipeline.name, around.width, 16), { size: 16, bold: true })]
      : []),
    ...frames.map(({ title, color, box }) => frameSvg(whole ? title || "Group" : "", color, box, paint)),
    ...routed.map((wire) => (whole ? wireSvg(wire.data!, paint) : linkSvg(wire.data!, paint))),
    ...nodes.map(([id, node]) => {
      if (!whole) return shapeSvg(cards.get(id)!, toneOf(counts[id]), paint);
      return cardSvg(cards.get(id)!, node, catalog[node.type], portsOf(placed, id, catalog[node.type]), paint, {
        weights: counts[id]?.weights ?? 0,
        tone: toneOf(counts[id]),
        inputs: solution.inputs[id] ?? {},
        outputs: solution.outputs[id] ?? {},
      });
    }),
    ...Object.entries(notes).map(([id, note]) => noteSvg(papers.get(id)!, whole ? note : { ...note, text: "" }, paint)),
  ];
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${at(left)} ${at(above)} ${width} ${height}" width="${width}" height="${height}"` +
    ` role="img" aria-label="${plain(pipeline.name)}" font-family="${fontFamily}" color="${paint("text")}">` +
    `${whole ? pipelineElement(pipeline) : ""}${bothTones(paint)}${parts.join("")}</svg>`;
  return { svg: svg.replace(forbidden, ""), width, height };
}

/** Signs that no XML may have: halves of pairs, and controls but for the ends of lines and tabs. */
const forbidden = /\p{Cs}|[\ufffe\uffff]|[^\P{Cc}\t\n\r]/gu;

function plain(text: string): string {
  return escapeHtml(text.replace(/\s+/g, " "));
}

/** The fill of a part that is frozen and trained in part. */
function bothTones(paint: Paint): string {
  const stop = (offset: number, name: string) => `<stop offset="${offset}" stop-color="${paint(name)}"/>`;
  return `<defs><linearGradient id="both-tones" x1="0" y1="0" x2="1" y2="0.2">${stop(0.5, "blue-pale")}${stop(0.5, "purple-pale")}</linearGradient></defs>`;
}

const toneColors: Readonly<Record<Tone, { fill: string; line: string; ink: string }>> = {
  frozen: { fill: "blue-pale", line: "blue-line", ink: "blue" },
  trained: { fill: "purple-pale", line: "purple-line", ink: "purple" },
  both: { fill: "both", line: "purple-line", ink: "purple" },
  none: { fill: "plain-pale", line: "plain-line", ink: "muted" },
};

/** A node in small: its colour alone. */
function shapeSvg({ x, y, width, height }: Box, tone: Tone, paint: Paint): string {
  const { fill, line } = toneColors[tone];
  const color = tone === "both" ? "url(#both-tones)" : paint(tone === "none" ? "surface" : fill);
  return `<rect x="${at(x)}" y="${at(y)}" width="${width}" height="${height}" rx="16" fill="${color}" stroke="${paint(line)}" stroke-width="6"/>`;
}

/** A wire in small. */
function linkSvg({ route = [], ends, problem }: WireLook, paint: Paint): string {
  if (!ends) return "";
  const color = paint(problem ? "bad" : "faint");
  return `<path d="${wirePath([ends[0], ...route, ends[1]])}" fill="none" stroke="${color}" stroke-width="7"/>`;
}

interface Shown {
  tone: Tone;
  weights: number;
  inputs: Solution["inputs"][string];
  outputs: Solution["outputs"][string];
}

function cardSvg(
  { x, y, width, height }: Box,
  node: GraphNode,
  entry: CatalogEntry | undefined,
  ports: { inputs: string[]; outputs: string[] },
  paint: Paint,
  { tone, weights, inputs, outputs }: Shown,
): string {
  const colors = toneColors[tone];
  const fill = tone === "both" ? "url(#both-tones)" : paint(colors.fill);
  const hasPorts = ports.inputs.length + ports.outputs.length > 0;
  const head = hasPorts
    ? `<path d="M${at(x)} ${at(y + card.header)}v${8 - card.header}q0-8 8-8h${at(width - 16)}q8 0 8 8v${card.header - 8}z" fill="${fill}"/>`
    : `<rect x="${at(x)}" y="${at(y)}" width="${width}" height="${height}" rx="8" fill="${fill}"/>`;
  const title = node.label ?? entry?.title ?? node.type;
  const kind = node.skip ? (node.skip === "mute" ? "muted" : "bypassed") : (entry?.category ?? "unknown block");
  const rows = (["input", "output"] as const).flatMap((direction) =>
    ports[`${direction}s`].map((port) => {
      const middle = y + portOffset(ports, direction, port);
      const shape = shapeText((direction === "input" ? inputs : outputs)[port]);
      const [name, room] = [cut(port, width / 2, 12.5), width - 34 - textWidth(port, 12.5)];
      const ends =
        direction === "input" ? ([name, cut(shape, room, 12)] as const) : ([cut(shape, room, 12), name] as const);
      const isName = direction === "input";
      const color = (named: boolean) => (named ? undefined : { color: paint("muted") });
      return (
        svgText(x + 11, middle + 4, ends[0], { size: isName ? 12.5 : 12, ...color(isName) }) +
        svgText(x + width - 11, middle + 4, ends[1], { size: isName ? 12 : 12.5, anchor: "end", ...color(!isName) }) +
        `<circle cx="${at(isName ? x : x + width)}" cy="${at(middle)}" r="4" fill="${paint("faint")}" stroke="${paint("surface")}" stroke-width="1.5"/>`
      );
    }),
  );
  const count = weights > 0 ? formatWeights(weights) : "";
  return (
    `<g${node.skip ? ' opacity="0.55"' : ""}><rect x="${at(x)}" y="${at(y)}" width="${width}" height="${height}" rx="8" fill="${paint("surface")}"/>${head}` +
    `<rect x="${at(x)}" y="${at(y)}" width="${width}" height="${height}" rx="8" fill="none" stroke="${paint(colors.line)}"/>` +
    svgText(x + 11, y + 26, cut(title, width - 22, 14), { size: 14, bold: true }) +
    svgText(x + 11, y + 45, cut(kind, width - 30 - textWidth(count, 12.5), 12.5), {
      size: 12.5,
      color: paint("muted"),
    }) +
    svgText(x + width - 11, y + 45, count, { size: 12.5, anchor: "end", bold: true, color: paint(colors.ink) }) +
    `${rows.join("")}</g>`
  );
}

type WireLook = NonNullable<ReturnType<typeof routedEdges>[number]["data"]>;

function wireSvg({ shape, clash, problem, skipped, route = [], label, ends }: WireLook, paint: Paint): string {
  if (!ends) return "";
  const color = paint(problem ? "bad" : "faint");
  const dash = skipped ? ' stroke-dasharray="5 5"' : "";
  const path = `<path d="${wirePath([ends[0], ...route, ends[1]])}" fill="none" stroke="${color}" stroke-width="1.6"${dash}/>`;
  const text = problem ? (clash ?? "") : shape;
  if (!label || label === "none" || text === "") return path;
  const width = textWidth(text, 11.5) + 6;
  return (
    `${path}<rect x="${at(label[0] - width / 2)}" y="${at(label[1] - 8)}" width="${at(width)}" height="16" rx="3" fill="${paint("page")}"/>` +
    svgText(label[0], label[1] + 4, text, { size: 11.5, anchor: "middle", color: problem ? color : paint("muted") })
  );
}

function frameSvg(title: string, color: string, { x, y, width, height }: Box, paint: Paint): string {
  return (
    `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="12" fill="${paint(`${color}-fill`)}" fill-opacity="0.62" stroke="${paint(`${color}-line`)}" stroke-width="1.5"/>` +
    (title === "" ? "" : svgText(x + 12, y + 19, cut(title, width - 24, 14), { size: 14, bold: true }))
  );
}

const noteText = { size: 13, line: 17.5, padding: 11 } as const;

function noteSvg({ x, y, width, height }: Box, { text, color }: Note, paint: Paint): string {
  const { size, line, padding } = noteText;
  const most = Math.max(1, Math.floor((height - padding) / line));
  const lines = text === "" ? [] : wrapped(text, width - 2 * padding, size);
  const shown = lines.length > most ? [...lines.slice(0, most - 1), `${lines[most - 1]}…`] : lines;
  return (
    `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="8" fill="${paint(`${color}-fill`)}" stroke="${paint(`${color}-line`)}"/>` +
    shown.map((each, row) => svgText(x + padding, y + padding + 10 + row * line, each, { size })).join("")
  );
}

/** A text in lines that are about so wide at most. */
function wrapped(text: string, width: number, size: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines = [""];
    for (const word of paragraph.split(" ")) {
      const longer = lines.at(-1) === "" ? word : `${lines.at(-1)} ${word}`;
      if (textWidth(longer, size) <= width || lines.at(-1) === "") lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines.map((each) => cut(each, width, size));
  });
}
