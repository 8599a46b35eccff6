import type { Color } from "./colors.ts";
import type { Axis, LinesPanel } from "./figure.ts";

/** A panel of lines, of one of the things that are laid over each other. */
export interface Overlaid {
  name: string;
  color: Color;
  panel: LinesPanel;
}

/**
 * The same panel of several runs in one, each in its own colour. Lines keep their width, dash and opacity, and are named after
 * their run.
 * @param line the name of the one line to show of each; all of them without it
 */
export function overlay(parts: readonly Overlaid[], line?: string): LinesPanel | undefined {
  const [first] = parts;
  if (!first) return undefined;
  const shown = ({ panel }: Overlaid) => panel.lines.filter(({ name }) => line === undefined || name === line);
  return {
    kind: "lines",
    title: first.panel.title,
    x: jointAxis(parts.map(({ panel }) => panel.x)),
    y: jointAxis(parts.map(({ panel }) => panel.y)),
    lines: parts.flatMap((part) =>
      shown(part).map((each) => ({ ...each, name: `${part.name}: ${each.name}`, color: part.color })),
    ),
    marks: parts.flatMap((part) =>
      part.panel.marks
        .filter((mark) => line === undefined || mark.line === line)
        .map((mark) => ({ ...mark, line: `${part.name}: ${mark.line}`, label: `${part.name}: ${mark.label}` })),
    ),
    notes: parts.flatMap(({ name, panel }) => panel.notes.map((note) => `${name}: ${note}`)),
    legend: parts.map(({ name, color }) => ({ label: name, colors: [color] })),
    height: first.panel.height,
  };
}

function jointAxis(axes: readonly Axis[]): Axis {
  const { title, log } = axes[0]!;
  const range = [
    Math.min(...axes.map((axis) => axis.range[0])),
    Math.max(...axes.map((axis) => axis.range[1])),
  ] as const;
  return { title, log, range };
}
