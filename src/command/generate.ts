import { FlamingoError } from "../core/errors.ts";
import { printError } from "../runs/fault.ts";
import { findRun } from "../runs/findRun.ts";
import { showAside } from "./aside.ts";
import { type Command, readArguments, usageError } from "./command.ts";
import { readBits } from "./readBits.ts";

const usage = "flamingo generate MODEL IMAGE... [--device NAME] [--quantize 8|4] [--json]";

/** Captions images with a trained model. */
export const generate: Command = {
  help: `${usage}

Captions images with a trained model: a line for each, its name and its caption. Those that cannot be read are named on
stderr, and the exit code is then 1.

  MODEL           a run's folder or its id, emoji-captions (which comes with the studio), or a file that a model was saved to
  IMAGE           .png, .jpg, .webp or .svg
  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the fastest that is there)
  --quantize BITS holds matrices that are pretrained and frozen in 8 or 4 bits a number, to save memory
  --json          print one JSON object a line: image, caption
`,
  run: async (args, context) => {
    const text = { type: "string" } as const;
    const options = { device: text, quantize: text, json: { type: "boolean" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...images] = positionals;
    if (dir === undefined || images.length === 0) throw usageError("generate takes a model and images", usage);
    const quantize = readBits(values.quantize, usage);
    const { caption, isModel } = await context.execution();
    const own = isModel(dir);
    const folder = own ? dir : await findRun(dir, context.home);
    const log = showAside(context, values.json ?? false, () => false);
    const captions = await caption({
      folder,
      images,
      device: values.device ?? "auto",
      models: context.home.models,
      quantize,
      log,
    });
    log.end();
    let code = 0;
    images.forEach((image, index) => {
      const text = captions[index]!;
      if (text instanceof FlamingoError) {
        context.err.write(`${printError(text.toJSON())}\n`);
        code = 1;
      } else context.out.write(values.json ? `${JSON.stringify({ image, caption: text })}\n` : `${image}\t${text}\n`);
    });
    return code;
  },
};
