import { templateFile } from "../runs/templates.ts";
import { type Command, readArguments, usageError } from "./command.ts";
import { runOptions, runOptionsHelp, startRun } from "./run.ts";

const usage =
  "flamingo train [TEMPLATE] [--images DIR] [--language NAME] [--vision NAME] [--out DIR] [--steps N] [--seed S] [--device NAME] [--json]";
const firstTemplate = "emoji-captions";

/** Trains a model from a pipeline that comes with the studio. */
export const train: Command = {
  help: `${usage}

Trains a model from a template that comes with the studio; ${firstTemplate} without a name. The same as
flamingo run with the template's name; a file of yours is for flamingo run.

${runOptionsHelp}`,
  run: async (args, context) => {
    const { values, positionals } = readArguments(args, runOptions, usage);
    const [name = firstTemplate, ...more] = positionals;
    if (more.length > 0) throw usageError("train takes one template", usage);
    return startRun(await templateFile(name), values, context, usage);
  },
};
