import { resolve } from "node:path";
import type { AnyChannel, Table } from "../channels/channel.ts";
import { channels } from "../channels/channels.ts";
import { printCsv } from "../channels/csv.ts";
import { FlamingoError } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { formatCount } from "../figures/numbers.ts";
import { figureText } from "../figures/text.ts";
import { type ChannelName, channelFigure } from "../runs/channelFigure.ts";
import { findRun } from "../runs/findRun.ts";
import { readRecords } from "../runs/reader.ts";
import { emptyRun, foldRecords, type RunState } from "../runs/state.ts";
import { type Command, readArguments, usageError } from "./command.ts";
import { statusLine } from "./progress.ts";

const usage = "flamingo log RUN [--channel NAME] [--csv | --json] [--tensorboard DIR]";
const names = channels.map(({ name }) => name);

/** Prints what was watched in a run. */
export const log: Command = {
  help: `${usage}

Prints what was watched in a run: in a few lines, or every value of every step.

  RUN             the run's folder, or its id
  --channel NAME  one of ${names.join(", ")}
  --csv           every value of the channel as CSV, a line for each step
  --json          every value as JSON: an object for each row, one a line
  --tensorboard DIR  writes an event file for TensorBoard: every number, captions, pinned images, the recorded histograms, and
                  those of the weights of each checkpoint
`,
  run: async (args, context) => {
    const [text, flag] = [{ type: "string" }, { type: "boolean" }] as const;
    const options = { channel: text, csv: flag, json: flag, tensorboard: text } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...more] = positionals;
    if (dir === undefined || more.length > 0) throw usageError("log takes one run", usage);
    if (values.csv && values.json) throw usageError("--csv and --json exclude each other", usage);
    if (values.csv && values.channel === undefined)
      throw usageError("a CSV file has the columns of one channel, so --csv needs --channel", usage);
    const folder = await findRun(dir, context.home);
    if (values.tensorboard !== undefined) {
      if (values.channel !== undefined || values.csv || values.json)
        throw usageError("an event file has all channels, so --tensorboard stands alone", usage);
      const { writeTensorboard } = await import("../execution/writeTensorboard.ts");
      const { file, ...counts } = await writeTensorboard(folder, resolve(values.tensorboard));
      const parts = Object.entries(counts).map(([what, count]) => `${formatCount(count)} ${what}`);
      context.out.write(`${file}: ${parts.join(", ")}\n`);
      return 0;
    }
    const run = foldRecords(emptyRun(), await readRecords(folder));
    const chosen = chooseChannels(values.channel);
    if (values.csv || values.json) {
      for (const channel of chosen) {
        const table = channel.table(run.channels[channel.name as ChannelName]);
        context.out.write(values.csv ? printCsv(table) : jsonLines(table, values.channel ? undefined : channel.name));
      }
      return 0;
    }
    context.out.write(`${statusLine(run, run.updated ?? 0)}\n`);
    for (const channel of chosen) for (const line of summary(run, channel)) context.out.write(`${line}\n`);
    return 0;
  },
};

function chooseChannels(name: string | undefined): readonly AnyChannel[] {
  const all = channels as readonly AnyChannel[];
  if (name === undefined) return all;
  const found = all.find((channel) => channel.name === name);
  if (found) return [found];
  throw new FlamingoError("NOT_FOUND", `there is no channel "${name}"`, {
    fix: suggestion(name, names, `name one of ${names.join(", ")}`),
  });
}

/** A row is an object; of several channels, each says which it is of. */
function jsonLines({ columns, rows }: Table, channel: string | undefined): string {
  return rows
    .map((row) => {
      const cells = columns.flatMap((column, at) => (row[at] === "" ? [] : [[column, jsonValue(row[at]!)]]));
      return `${JSON.stringify({ ...(channel === undefined ? {} : { channel }), ...Object.fromEntries(cells) })}\n`;
    })
    .join("");
}

/** JSON has no number that is not finite: it is written by its name, as in the log. */
function jsonValue(value: string | number): string | number {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** A channel in a few lines: its figure in words, or how many rows it has. */
function summary(run: RunState, channel: AnyChannel): string[] {
  const figure = channelFigure(run, channel.name);
  if (figure) return figureText(figure).split("\n");
  const { rows } = channel.table(run.channels[channel.name as ChannelName]);
  return rows.length === 0 ? [] : [`${channel.title}: ${rows.length} rows`];
}
