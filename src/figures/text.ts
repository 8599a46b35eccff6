import type { BarsPanel, Figure, HeatPanel, LinesPanel, MapsPanel, Panel } from "./figure.ts";
import { formatNumber, shortNumber } from "./numbers.ts";

/** A figure in words, for front ends and terminals that show text alone. */
export function figureText({ rows }: Figure): string {
  return rows
    .flat()
    .map(panelText)
    .filter((text) => text !== "")
    .join("\n");
}

function panelText(panel: Panel): string {
  switch (panel.kind) {
    case "lines":
      return linesText(panel);
    case "bars":
      return barsText(panel);
    case "heat":
      return heatText(panel);
    case "maps":
      return mapsText(panel);
    case "status":
      return `${panel.name}: ${panel.lines.join("; ")}`;
  }
}

const mostLines = 12;

function linesText({ x, y, lines, marks, notes }: LinesPanel): string {
  const last = lines.map(({ name, x: places, y: values }) => {
    const index = values.findLastIndex((value) => value !== null);
    const end = index < 0 ? "nothing yet" : `${formatNumber(values[index])} at ${places[index]}`;
    return `  ${name}: ${end}`;
  });
  const shown =
    last.length > mostLines ? [...last.slice(0, mostLines), `  and ${last.length - mostLines} more lines`] : last;
  const first = marks[0] ? [`  ${marks[0].label}`] : [];
  return [`${y.title} over ${x.title}`, ...shown, ...first, ...notes.map((note) => `  ${note}`)].join("\n");
}

function barsText({ title, bars }: BarsPanel): string {
  const widest = Math.max(0, ...bars.map(({ name }) => name.length));
  return [title, ...bars.map(({ name, value }) => `  ${name.padEnd(widest)}  ${formatNumber(value)}`)].join("\n");
}

const mostCells = { rows: 24, columns: 16 } as const;

function heatText({ title, values, rows }: HeatPanel): string {
  const lines = values.slice(0, mostCells.rows).map((row, index) => {
    const numbers = row.slice(0, mostCells.columns).map((value) => shortNumber(value).padStart(6));
    return `  ${(rows?.[index] ?? "").padEnd(12)}${numbers.join(" ")}${row.length > mostCells.columns ? " ..." : ""}`;
  });
  const left = values.length - mostCells.rows;
  return [title, ...lines, ...(left > 0 ? [`  and ${left} more rows`] : [])].join("\n");
}

function mapsText({ title, about, images }: MapsPanel): string {
  const lines = images.map(({ label, maps }) => {
    const tokens = maps.map(({ token, weights }) => {
      return `${token} (at most ${formatNumber(Math.max(0, ...weights))} at one patch)`;
    });
    return `  ${label}: ${tokens.join(", ") || "no tokens"}`;
  });
  return [`${title}, ${about}`, ...lines].join("\n");
}
