import { resolve } from "node:path";
import { readRun } from "../runs/folder.ts";
import { showAside } from "./aside.ts";
import { type Command, interruptedCode, readArguments, usageError } from "./command.ts";
import { resultLines } from "./resultLines.ts";

const usage = "flamingo evaluate RUN_DIR [--set NAME] [--device NAME] [--json]";

/** Judges the trained model of a run folder on data that it has not seen. */
export const evaluate: Command = {
  help: `${usage}

Judges the trained model of a run on held-out data: each number with its 95% interval and how many cases were counted.

  RUN_DIR         the run's folder
  --set NAME      one evaluation set; all without it
  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the fastest that is there)
  --json          print one JSON object a line, one for each set
`,
  run: async (args, context) => {
    const options = { set: { type: "string" }, device: { type: "string" }, json: { type: "boolean" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...more] = positionals;
    if (dir === undefined || more.length > 0) throw usageError("evaluate takes one run folder", usage);
    const folder = resolve(dir);
    await readRun(folder);
    const { evaluate: judge } = await context.execution();
    const stop = new AbortController();
    const release = context.onInterrupt(() => stop.abort());
    const log = showAside(context, values.json ?? false, (event) => {
      if (event.type !== "evaluate:result") return false;
      log.end();
      const lines = values.json ? [JSON.stringify(event)] : resultLines(event);
      for (const line of lines) context.out.write(`${line}\n`);
      return true;
    });
    const { set, device = "auto" } = values;
    const judged = judge({
      folder,
      device,
      log,
      cache: context.home.cache,
      signal: stop.signal,
      ...(set === undefined ? {} : { set }),
    });
    await judged.finally(release);
    log.end();
    return stop.signal.aborted ? interruptedCode : 0;
  },
};
