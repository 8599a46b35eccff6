import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { FewShotCurve } from "../../src/channels/fewShot.ts";
import { shareOf } from "../../src/evaluation/intervals.ts";
import { figureSvg } from "../../src/figures/svg/figure.ts";
import { channelFigure } from "../../src/runs/channelFigure.ts";
import { readRun } from "../../src/runs/folder.ts";
import { readRecords } from "../../src/runs/reader.ts";
import { emptyRun, foldRecords } from "../../src/runs/state.ts";

const usage = `npm run -s bench -- few-shot RUN_DIR... [--svg FILE]

Puts the few-shot curves of runs with different seeds together: a Markdown table with a column for each run and one for all, and with
--svg a plot of all. The shots of a query differ between seeds, the queries do not.`;

/** Prints the few-shot curves of runs side by side. */
export async function main(args: string[]): Promise<void> {
  const options = { svg: { type: "string" }, help: { type: "boolean", default: false } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.help || positionals.length === 0) return console.log(usage);
  const runs = await Promise.all(positionals.map(readCurves));
  const all = runs[0]!.curves.map((curve) => together(runs.map(({ curves }) => sameCurve(curves, curve))));
  for (const curve of all) {
    const columns = runs.map(({ curves }) => sameCurve(curves, curve));
    console.log(`\n${curve.title}, ${curve.choice} shots\n`);
    console.log(`| shots | ${runs.map(({ seed }) => `seed ${seed}`).join(" | ")} | all | best possible |`);
    console.log(`|${"---|".repeat(runs.length + 3)}`);
    curve.points.forEach((point, at) => {
      const cells = [...columns.map(({ points }) => points[at]!), point].map(share);
      console.log(`| ${point.shots} | ${cells.join(" | ")} | ${point.best === undefined ? "" : three(point.best)} |`);
    });
  }
  if (values.svg !== undefined) {
    const run = emptyRun();
    const figure = channelFigure({ ...run, channels: { ...run.channels, fewShot: all } }, "fewShot")!;
    const rows = figure.rows.flatMap((panels) => panels.map((panel) => [panel]));
    await writeFile(values.svg, figureSvg({ ...figure, rows }, { width: 720, paper: true }));
  }
}

async function readCurves(folder: string): Promise<{ seed: number; curves: readonly FewShotCurve[] }> {
  const { seed } = await readRun(folder);
  const { channels } = foldRecords(emptyRun(), await readRecords(folder));
  return { seed, curves: channels.fewShot };
}

function sameCurve(curves: readonly FewShotCurve[], { set, choice }: FewShotCurve): FewShotCurve {
  const found = curves.find((curve) => curve.set === set && curve.choice === choice);
  if (!found) throw new Error(`a run has no curve of ${set} with ${choice} shots`);
  return found;
}

/** One curve of all queries of several. */
function together(curves: readonly FewShotCurve[]): FewShotCurve {
  const points = curves[0]!.points.map((first, at) => {
    const each = curves.map(({ points }) => points[at]!);
    const hits = each.reduce((sum, point) => sum + point.hits, 0);
    const count = each.reduce((sum, point) => sum + point.count, 0);
    const best = each.reduce((sum, point) => sum + (point.best ?? 0), 0) / each.length;
    return { ...first, ...shareOf(hits, count), hits, ...(first.best === undefined ? {} : { best }) };
  });
  return { ...curves[0]!, points };
}

function share({ value, low, high }: FewShotCurve["points"][number]): string {
  return `${three(value)} [${three(low)}, ${three(high)}]`;
}

/** `.306`. */
function three(value: number): string {
  return value.toFixed(3).replace(/^0/, "");
}
