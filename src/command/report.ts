import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type AttentionFrame, readFrame } from "../channels/attention.ts";
import { writeAtomic } from "../files/writeAtomic.ts";
import { findRun } from "../runs/findRun.ts";
import { pinnedFiles, readRun } from "../runs/folder.ts";
import { folderError } from "../runs/folderError.ts";
import { readRecords } from "../runs/reader.ts";
import { runReport } from "../runs/report.ts";
import { emptyRun, foldRecords } from "../runs/state.ts";
import { type Command, readArguments, usageError } from "./command.ts";

const usage = "flamingo report RUN [--out FILE.html]";

/** Writes what was watched in a run as one HTML page. */
export const report: Command = {
  help: `${usage}

Writes what was watched in a run as one HTML page that opens anywhere: all figures, captions, attention, results and the
pipeline, without scripts and without a network.

  RUN             the run's folder, or its id
  --out FILE      where to; RUN/report.html without it
`,
  run: async (args, context) => {
    const { values, positionals } = readArguments(args, { out: { type: "string" } } as const, usage);
    const [dir, ...more] = positionals;
    if (dir === undefined || more.length > 0) throw usageError("report takes one run", usage);
    const folder = await findRun(dir, context.home);
    const record = await readRun(folder);
    const run = foldRecords(emptyRun(), await readRecords(folder));
    const frame = await lastFrame(folder, run.channels.attention.at(-1)?.file);
    const images = await Promise.all((await pinnedFiles(folder)).map((file) => readFile(file)));
    const page = resolve(values.out ?? join(folder, "report.html"));
    try {
      await writeAtomic(page, runReport({ record, run, frame, images }));
    } catch (error) {
      throw folderError(error, page);
    }
    context.out.write(`${page}\n`);
    return 0;
  },
};

/** An attention frame; undefined where the file is gone or damaged: the rest is worth showing. */
async function lastFrame(folder: string, file: string | undefined): Promise<AttentionFrame | undefined> {
  if (file === undefined) return undefined;
  try {
    return readFrame(JSON.parse(await readFile(join(folder, file), "utf8")));
  } catch {
    return undefined;
  }
}
