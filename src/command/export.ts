import { basename, relative, resolve } from "node:path";
import { arrived } from "../core/arrived.ts";
import { type ExportTarget, exportTargets } from "../execution/exportTargets.ts";
import { findRun } from "../runs/findRun.ts";
import { showAside } from "./aside.ts";
import { type Command, readArguments, usageError } from "./command.ts";

const usage = `flamingo export RUN --to ${exportTargets.join("|")} [--out DIR] [--json]`;

/** Milliseconds before progress is shown, and between two lines of it. */
const patience = 1000;

/** Writes the trained model of a run for another library. */
export const exportCommand: Command = {
  help: `${usage}

Writes the trained model of a run for another library: what was trained as the newest checkpoint has it, the rest as it was
imported.

  RUN             the run's folder, or its id
  --to WHAT       openflamingo: checkpoint.pt, which open_flamingo loads; of a model that was imported from it
                  huggingface: a folder that transformers loads, with the model that was imported from there
                  safetensors: every weight by the studio's names, in one file
  --out DIR       a new or empty folder; named after the run and WHAT without it
  --json          print one JSON object
`,
  run: async (args, context) => {
    const options = { to: { type: "string" }, out: { type: "string" }, json: { type: "boolean" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...more] = positionals;
    if (dir === undefined || more.length > 0) throw usageError("export takes one run", usage);
    const { to } = values;
    if (!isTarget(to)) throw usageError(`--to is ${to === undefined ? "missing" : `"${to}"`}`, usage);
    const folder = await findRun(dir, context.home);
    const out = resolve(values.out ?? `${basename(folder)}-${to}`);
    const { exportModel } = await context.execution();
    const log = showAside(context, values.json ?? false, () => false);
    const began = performance.now();
    let told = began;
    const progress = (bytes: number, total: number) => {
      const now = performance.now();
      if (now - told < patience) return;
      told = now;
      context.err.write(`writing: ${arrived(bytes, total, now - began)}\n`);
    };
    const report = await exportModel({ folder, to, out, models: context.home.models, log, progress });
    log.end();
    const { files, step, tensors } = report;
    const shown = files.map((file) => relative(process.cwd(), file));
    context.out.write(
      values.json
        ? `${JSON.stringify(report)}\n`
        : `${tensors} tensors of step ${step} in ${shown[0]}${
            shown.length > 1
              ? `, beside ${shown
                  .slice(1)
                  .map((file) => basename(file))
                  .join(", ")}`
              : ""
          }\n`,
    );
    return 0;
  },
};

function isTarget(value: string | undefined): value is ExportTarget {
  return (exportTargets as readonly (string | undefined)[]).includes(value);
}
