import { resultLines, results } from "../channels/results.ts";
import { findRun } from "../runs/findRun.ts";
import { showAside } from "./aside.ts";
import { type Command, interruptedCode, readArguments, usageError } from "./command.ts";

const usage = "flamingo evaluate RUN [--set NAME] [--device NAME] [--json]";

/** Evaluates the trained model of a run folder on data that it has not seen. */
export const evaluate: Command = {
  help: `${usage}

Evaluates the trained model of a run on held-out data: each metric with its 95% interval and the number of cases.

  RUN             the run's folder, or its id
  --set NAME      one evaluation set; all without it
  --device NAME   tensorflow, webgpu, wasm, cpu, or auto (the fastest that is there)
  --json          print one JSON object a line, one for each set
`,
  run: async (args, context) => {
    const options = { set: { type: "string" }, device: { type: "string" }, json: { type: "boolean" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [dir, ...more] = positionals;
    if (dir === undefined || more.length > 0) throw usageError("evaluate takes one run", usage);
    const folder = await findRun(dir, context.home);
    const { evaluate: evaluateRun } = await context.execution();
    const stop = new AbortController();
    const release = context.onInterrupt(() => stop.abort());
    const log = showAside(context, values.json ?? false, ({ channel, value }) => {
      if (channel !== "results") return false;
      log.end();
      const lines = values.json ? [JSON.stringify(value)] : resultLines(results.value.parse(value));
      for (const line of lines) context.out.write(`${line}\n`);
      return true;
    });
    const { set, device = "auto" } = values;
    const evaluated = evaluateRun({
      folder,
      device,
      log,
      cache: context.home.cache,
      models: context.home.models,
      signal: stop.signal,
      ...(set === undefined ? {} : { set }),
    });
    await evaluated.finally(release);
    log.end();
    return stop.signal.aborted ? interruptedCode : 0;
  },
};
