import { FlamingoError } from "../core/errors.ts";
import { findRun } from "../runs/findRun.ts";
import { readRun } from "../runs/folder.ts";
import { readRecords } from "../runs/reader.ts";
import { emptyRun, foldRecords } from "../runs/state.ts";
import { type Command, readArguments, usageError } from "./command.ts";
import { conductHere } from "./runHere.ts";

const usage = "flamingo resume DIR [--device NAME] [--json]";

/** Goes on with a run from its last checkpoint. */
export const resume: Command = {
  help: `${usage}

Goes on with a run that stopped or failed, from its last checkpoint, as it was started.

  DIR             the run's folder
  --device NAME   another device than it was started with
  --json          print the log: one JSON record a line
`,
  run: async (args, context) => {
    const options = { device: { type: "string" }, json: { type: "boolean" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...more] = positionals;
    if (dir === undefined || more.length > 0) throw usageError("resume takes one run", usage);
    const folder = await findRun(dir, context.home);
    const record = await readRun(folder);
    if (foldRecords(emptyRun(), await readRecords(folder)).status === "succeeded") {
      const fix = "start another run, with more steps or another seed";
      throw new FlamingoError("CONFLICT", `the run in ${dir} has succeeded already`, { source: folder, fix });
    }
    const device = values.device ?? record.device;
    await (await context.execution()).openDevice(device);
    return conductHere(folder, device, values.json ?? false, context);
  },
};
