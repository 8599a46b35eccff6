import { relative } from "node:path";
import type { QuantizationCost } from "../execution/quantizationCost.ts";
import { type Command, readArguments, usageError } from "./command.ts";
import { readBits } from "./readBits.ts";

const usage =
  "flamingo import PATH [--config FILE] [--vision FILE] [--language FILE] [--name NAME] [--overwrite] [--quantize 8|4] [--json]";

/** Makes a pipeline of a model in another library's files. */
export const importCommand: Command = {
  help: `${usage}

Makes a pipeline of a model that another library saved, with its weights connected. The weights stay where they are, and
are read when a run needs them. What is missing, unexpected or of another shape is listed by name, and then nothing is
written.

  PATH            a folder of transformers: config.json, model.safetensors or pytorch_model.bin (or several with their
                  index), and tokenizer.json where there is one; or an OpenFlamingo checkpoint (checkpoint.pt, or its
                  folder) with a config.json beside it
  --config FILE   the model's config.json, where it is not beside the weights
  --vision FILE   of an OpenFlamingo checkpoint without its frozen parts: the image encoder, as open_clip saves it
  --language FILE the language model, as transformers saves it: a file or folder
  --name NAME     name of the weights and the pipeline; that of the folder without it
  --overwrite     puts it in the place of a model that was imported under that name, with its pipeline
  --quantize BITS holds matrices that are frozen in 8 or 4 bits a number, so that a large model fits: tells the memory, and
                  what it does to the log-likelihood of an English text
  --json          print one JSON object
`,
  run: async (args, context) => {
    const text = { type: "string" } as const;
    const options = {
      name: text,
      config: text,
      vision: text,
      language: text,
      quantize: text,
      overwrite: { type: "boolean" },
      json: { type: "boolean" },
    } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw usageError("import takes one folder", usage);
    const quantize = readBits(values.quantize, usage);
    const { importModel, quantizationCost } = await context.execution();
    const { config, vision, language } = values;
    let cost: QuantizationCost | undefined;
    const beforeWriting = async () => {
      if (!quantize) return;
      if (!values.json) context.err.write("measuring the log-likelihood in single precision and quantised\n");
      cost = await quantizationCost({ path, config, vision, language, quantize });
    };
    const report = await importModel({ path, ...values, quantize, home: context.home, beforeWriting });
    const { name, family, parameters, dtypes, bytes, source, pipeline, notes } = report;
    if (values.json) {
      context.out.write(`${JSON.stringify({ ...report, ...(cost && { quantized: cost }) })}\n`);
      return 0;
    }
    const millions = (count: number) => (count / 1e6).toFixed(1);
    context.out.write(
      [
        `${family}: ${millions(parameters)} M parameters, ${dtypes.join(" and ")}, ${millions(bytes)} MB`,
        `weights "${name}": read in place from ${source}`,
        ...notes,
        ...(cost ? costLines(cost) : []),
        `pipeline: ${relative(process.cwd(), pipeline)}`,
        "to open it: flamingo start",
        ...report.next,
        "",
      ].join("\n"),
    );
    return 0;
  },
};

function costLines({ bits, bytes, logLikelihood, unmeasured }: QuantizationCost): string[] {
  const megabytes = (count: number) => (count / 1e6).toFixed(1);
  const memory = `held in ${bits} bits: ${megabytes(bytes.held)} MB on the device, ${megabytes(bytes.single)} MB in single precision`;
  if (!logLikelihood) return [memory, `its effect on the log-likelihood was not measured: ${unmeasured}`];
  const { single, held } = logLikelihood;
  const change = `log-likelihood of an English text: ${held.toFixed(4)} nats a token, ${single.toFixed(4)} in single precision`;
  return [memory, change];
}
