import { FlamingoError } from "../core/errors.ts";
import { printError } from "../runs/fault.ts";
import { findRun } from "../runs/findRun.ts";
import { showAside } from "./aside.ts";
import { type Command, readArguments, usageError } from "./command.ts";
import { readBits } from "./readBits.ts";
import { generationOptions, readGeneration } from "./readGeneration.ts";

const usage = "flamingo generate MODEL [IMAGE...] [--prompt TEXT] [--most N] [--device NAME] [--quantize 8|4] [--json]";

/** Captions images with a trained model, or continues a text with one that was imported. */
export const generate: Command = {
  help: `${usage}

Captions images with a trained model: a line for each, its name and its caption. Those that cannot be read are named on
stderr, and the exit code is then 1. With --prompt, continues a text with a model that was imported: a language model, or an
OpenFlamingo with an image for each <image> of the text.

  MODEL           a run's folder or its id, emoji-captions (which comes with the studio), a file that a model was saved to,
                  or the name of an imported model
  IMAGE           .png, .jpg, .webp or .svg
  --prompt TEXT   the text to continue; <image> and <|endofchunk|> in it stand for the tokens, and images come first where
                  it has no <image>
  --most N        tokens at which the text is cut off; 64 without it
  --beams N       beam search with N beams, instead of the likeliest token each time; --length-penalty P goes with it
  --temperature T samples; --top-k K, --top-p P and --seed S go with it
  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the fastest that is there)
  --quantize BITS holds matrices that are pretrained and frozen in 8 or 4 bits a number, to save memory
  --json          print one JSON object a line: image, caption
`,
  run: async (args, context) => {
    const text = { type: "string" } as const;
    const options = {
      ...generationOptions,
      prompt: text,
      device: text,
      quantize: text,
      json: { type: "boolean" },
    } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...images] = positionals;
    if (dir === undefined || (images.length === 0 && values.prompt === undefined))
      throw usageError("generate takes a model, and images or a prompt", usage);
    const quantize = readBits(values.quantize, usage);
    const { caption, continueText, isImported, isModel } = await context.execution();
    const { models } = context.home;
    if (values.prompt !== undefined || isImported(dir, models)) {
      const log = showAside(context, values.json ?? false, () => false);
      const { prompt = "" } = values;
      const device = values.device ?? "auto";
      const generation = readGeneration(values, usage);
      const said = await continueText({ model: dir, models, prompt, images, device, quantize, generation, log });
      log.end();
      context.out.write(values.json ? `${JSON.stringify({ prompt, text: said })}\n` : `${said}\n`);
      return 0;
    }
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
