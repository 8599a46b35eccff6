import { resolve } from "node:path";
import { readRun } from "../runs/folder.ts";
import { showAside } from "./aside.ts";
import { type Command, readArguments, usageError } from "./command.ts";

const usage = "flamingo generate RUN_DIR IMAGE... [--device NAME] [--json]";

/** Captions images with the trained model of a run folder. */
export const generate: Command = {
  help: `${usage}

Captions images with the trained model of a run: a line for each, its name and its caption.

  RUN_DIR         the run's folder
  IMAGE           .png, .jpg, .webp or .svg
  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the fastest that is there)
  --json          print one JSON object a line: image, caption
`,
  run: async (args, context) => {
    const options = { device: { type: "string" }, json: { type: "boolean" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...images] = positionals;
    if (dir === undefined || images.length === 0) throw usageError("generate takes a run folder and images", usage);
    const folder = resolve(dir);
    await readRun(folder);
    const { caption } = await context.execution();
    const log = showAside(context, values.json ?? false, () => false);
    const captions = await caption({ folder, images, device: values.device ?? "auto", log });
    log.end();
    images.forEach((image, index) => {
      const text = captions[index]!;
      context.out.write(values.json ? `${JSON.stringify({ image, caption: text })}\n` : `${image}\t${text}\n`);
    });
    return 0;
  },
};
