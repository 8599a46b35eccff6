import { z } from "zod";
import type { Figure } from "../figures/figure.ts";
import { type LineOptions, linesPanel } from "../figures/lines.ts";
import { formatShare } from "../figures/numbers.ts";
import { defineChannel, number } from "./channel.ts";

/** Accuracy with a number of shots, with its 95% interval. */
const point = z.object({
  shots: z.int().nonnegative(),
  value: number,
  low: number,
  high: number,
  count: z.int(),
  hits: z.int(),
  /** The accuracy of who knows how the data was made and sees the same shots, where that is known. */
  best: number.exactOptional(),
});

const curve = z.object({
  /** Node that evaluated. */
  node: z.string(),
  /** Name of the evaluation set. */
  set: z.string(),
  /** As a person reads it. */
  title: z.string(),
  /** How shots are chosen: any of the support examples, or those most similar to the query (RICES). */
  choice: z.enum(["random", "similar"]),
  points: z.array(point),
});

export type FewShotPoint = z.output<typeof point>;
export type FewShotCurve = z.output<typeof curve>;

const choices = { random: "random shots", similar: "similar shots (RICES)" } as const;

/** Accuracy over the number of shots: the last curve of each node, set and choice of shots. */
export const fewShot = defineChannel({
  name: "fewShot",
  title: "Few-shot",
  summary: "Accuracy over the number of examples in the prompt, with 95% intervals, beside the best possible.",
  order: 8,
  value: curve,
  empty: [] as readonly FewShotCurve[],
  fold: (state, value) => [
    ...state.filter(({ node, set, choice }) => node !== value.node || set !== value.set || choice !== value.choice),
    value,
  ],
  rewind: () => [],
  text: fewShotLines,
  table: (state) => ({
    columns: ["node", "set", "choice", "shots", "accuracy", "low", "high", "hits", "count", "best"],
    rows: state.flatMap(({ node, set, choice, points }) =>
      points.map(({ shots, value, low, high, hits, count, best = "" }) => {
        return [node, set, choice, shots, value, low, high, hits, count, best];
      }),
    ),
  }),
  figure: (state) => (state.length > 0 ? fewShotFigure(state) : undefined),
});

/** A curve as lines: its title, then a line for each number of shots. */
export function fewShotLines({ title, choice, points }: FewShotCurve): string[] {
  const lines = points.map(({ shots, value, low, high, hits, count, best }) => {
    const ideal = best === undefined ? "" : `  best possible ${formatShare(best)}`;
    const interval = `[${formatShare(low)}, ${formatShare(high)}]`;
    return `  ${String(shots).padStart(3)} shots  ${formatShare(value).padStart(6)}  ${interval}  ${hits} of ${count}${ideal}`;
  });
  return [`${title}, ${choices[choice]}`, ...lines];
}

/** A panel for each set: for each choice of shots the accuracy, its interval faint, and the best possible dashed. */
function fewShotFigure(state: readonly FewShotCurve[]): Figure {
  const sets = [...new Set(state.map(({ set }) => set))];
  const panels = sets.map((set) => {
    const curves = state.filter((each) => each.set === set);
    const legend = curves.map(({ choice }, index) => ({
      label: choices[choice],
      colors: [{ series: index }],
      dash: [],
    }));
    return linesPanel({
      title: curves[0]!.title,
      lines: curves.flatMap(linesOf),
      x: { title: "shots" },
      y: { title: "accuracy", range: [0, 1] },
      legend: [
        ...legend,
        { label: "95% interval", colors: [{ series: 0 }], dash: [], opacity: 0.4 },
        ...(curves.some(({ points }) => points.some(({ best }) => best !== undefined))
          ? [{ label: "best possible", colors: ["muted" as const], dash: [...dash] }]
          : []),
      ],
    });
  });
  return { rows: [panels], label: "accuracy over the number of shots" };
}

const dash = [5, 4] as const;

function linesOf({ choice, points }: FewShotCurve, index: number): LineOptions[] {
  const color = { series: index };
  const x = points.map(({ shots }) => shots);
  const line = (name: string, y: readonly number[]) => ({
    name: `${name}, ${choices[choice]}`,
    points: { x, y },
    color,
  });
  const ideal = points.flatMap(({ best }) => (best === undefined ? [] : [best]));
  const faint = { width: 1, opacity: 0.4, derived: true };
  return [
    {
      ...line(
        "95% interval, low end",
        points.map(({ low }) => low),
      ),
      ...faint,
    },
    {
      ...line(
        "95% interval, high end",
        points.map(({ high }) => high),
      ),
      ...faint,
    },
    ...(ideal.length === x.length ? [{ ...line("best possible", ideal), dash, opacity: 0.7, derived: true }] : []),
    {
      ...line(
        "accuracy",
        points.map(({ value }) => value),
      ),
      width: 2.25,
    },
  ];
}
