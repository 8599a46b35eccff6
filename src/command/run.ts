import { type Command, type CommandContext, readArguments, readWhole, usageError } from "./command.ts";
import { readPipelineFile } from "./readPipelineFile.ts";
import { runHere } from "./runHere.ts";
import { withImages } from "./withImages.ts";

const usage =
  "flamingo run PIPELINE [--images DIR] [--language NAME] [--vision NAME] [--out DIR] [--steps N] [--seed S] [--device NAME] [--json]";

/** The options that every command has which starts a run. */
export const runOptions = {
  images: { type: "string" },
  language: { type: "string" },
  vision: { type: "string" },
  out: { type: "string" },
  steps: { type: "string" },
  seed: { type: "string" },
  device: { type: "string" },
  json: { type: "boolean" },
} as const;

export const runOptionsHelp = `  --images DIR    folder of images with captions.jsonl or captions.csv, for a pipeline that trains on one
  --language NAME imported language model, frozen, in place of the one of the pipeline's Flamingo
  --vision NAME   imported image encoder, frozen, in place of its own
  --out DIR       folder for the run; without it runs/NAME-DATE-TIME in .flamingo (flamingo --help says where)
  --steps N       steps of training, instead of what the pipeline says
  --seed S        seed of every random number; 0 without it
  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the fastest that is there)
  --json          print the log: one JSON record a line

Ctrl-C stops at the next step with a checkpoint; a second Ctrl-C ends at once.
`;

/** Carries out a pipeline in this process. */
export const run: Command = {
  help: `${usage}

Checks a pipeline, then trains and evaluates what it says.

  PIPELINE        a pipeline's file, or the name of a template that comes with the studio
${runOptionsHelp}`,
  run: async (args, context) => {
    const { values, positionals } = readArguments(args, runOptions, usage);
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw usageError("run takes one pipeline", usage);
    return startRun(file, values, context, usage);
  },
};

/** Starts a run of a pipeline, a file or the name of a template, with what the options of a command say. */
export async function startRun(
  file: string,
  values: {
    images?: string;
    language?: string;
    vision?: string;
    out?: string;
    steps?: string;
    seed?: string;
    device?: string;
    json?: boolean;
  },
  context: CommandContext,
  form: string,
): Promise<number> {
  const steps = readWhole("steps", values.steps, 1, form);
  const seed = readWhole("seed", values.seed, 0, form) ?? 0;
  const read = await readPipelineFile(file);
  const withFolder = values.images === undefined ? read : withImages(read, values.images, file);
  const { language, vision } = values;
  const isOwn = language === undefined && vision === undefined;
  const pipeline = isOwn
    ? withFolder
    : (await context.execution()).withModels(withFolder, { language, vision }, context.home.models, file);
  return runHere({
    context,
    pipeline,
    seed,
    ...(steps === undefined ? {} : { steps }),
    ...(values.out === undefined ? {} : { out: values.out }),
    device: values.device ?? "auto",
    json: values.json ?? false,
  });
}
