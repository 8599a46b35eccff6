import { FlamingoError, reportOf } from "../core/errors.ts";
import { suggestion } from "../core/suggestion.ts";
import { version } from "../package/version.ts";
import { describeError, printError } from "../runs/fault.ts";
import { findHome } from "../runs/home.ts";
import type { Command, CommandContext } from "./command.ts";

interface Entry {
  summary: string;
  load(): Promise<Command>;
}

const commands: Record<string, Entry> = {
  start: {
    summary: "open the studio in the browser",
    load: async () => (await import("./start.ts")).start,
  },
  run: {
    summary: "carry out a pipeline file",
    load: async () => (await import("./run.ts")).run,
  },
  train: {
    summary: "train a model from a template",
    load: async () => (await import("./train.ts")).train,
  },
  resume: {
    summary: "go on with a run that stopped or failed",
    load: async () => (await import("./resume.ts")).resume,
  },
  generate: {
    summary: "caption images with a trained model",
    load: async () => (await import("./generate.ts")).generate,
  },
  evaluate: {
    summary: "evaluate a trained model on held-out data",
    load: async () => (await import("./evaluate.ts")).evaluate,
  },
  import: {
    summary: "make a pipeline of a model that another library saved",
    load: async () => (await import("./import.ts")).importCommand,
  },
  export: {
    summary: "write a trained model for open_flamingo or transformers",
    load: async () => (await import("./export.ts")).exportCommand,
  },
  ablate: {
    summary: "train a pipeline and changes of it, and compare them",
    load: async () => (await import("./ablate.ts")).ablate,
  },
  log: {
    summary: "print what was watched in a run, as text, CSV, JSON, or for TensorBoard",
    load: async () => (await import("./log.ts")).log,
  },
  report: {
    summary: "write what was watched in a run as one HTML page",
    load: async () => (await import("./report.ts")).report,
  },
  kernel: {
    summary: "make the notebook kernel known to Jupyter",
    load: async () => (await import("./kernel.ts")).kernel,
  },
  notebook: {
    summary: "execute a notebook, without Python",
    load: async () => (await import("./notebook.ts")).notebook,
  },
  device: {
    summary: "list the devices, install tensorflow",
    load: async () => (await import("./device.ts")).device,
  },
  doctor: {
    summary: "say what this machine has and lacks",
    load: async () => (await import("./doctor.ts")).doctor,
  },
};

const list = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
const help = `Flamingo Studio: wire Flamingo's blocks, train them, and watch gates, attention and loss move.

flamingo COMMAND [ARGUMENTS]

${list.join("\n")}

flamingo COMMAND --help tells more; flamingo --version prints the version. Everything is written to FLAMINGO_HOME where that is set; else to .flamingo in the
nearest folder that has one, from the current one upwards; else to a new one: in the studio's own checkout in its root,
elsewhere in the current folder.
`;

/**
 * The `flamingo` command. Errors are one line on stderr.
 * @returns the exit code: 0, 1 for an error, 2 for a wrong call, 130 when a person interrupted it
 */
export async function main(args: string[], context: CommandContext = terminalContext()): Promise<number> {
  try {
    return await dispatch(args, context);
  } catch (error) {
    context.err.write(`${printError(describeError(error, context.home))}\n`);
    return reportOf(error).code === "USAGE" ? 2 : 1;
  }
}

async function dispatch([name, ...rest]: string[], context: CommandContext): Promise<number> {
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    context.out.write(help);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    context.out.write(`${version}\n`);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) {
    const known = Object.keys(commands);
    const fix = suggestion(name, known, `call it as flamingo COMMAND, with one of ${known.join(", ")}`);
    throw new FlamingoError("USAGE", `there is no command "${name}"`, { fix });
  }
  const command = await commands[name]!.load();
  if (rest.includes("--help") || rest.includes("-h")) {
    context.out.write(command.help);
    return 0;
  }
  return command.run(rest, context);
}

/** The terminal that the command was called in, and this machine. */
export function terminalContext(): CommandContext {
  const home = findHome();
  const fail = (error: unknown) => {
    process.stderr.write(`${printError(describeError(error, home))}\n`);
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  process.stdout.on("error", () => process.exit(0)); // whoever read it has gone: `| head`
  return {
    home,
    out: process.stdout,
    err: process.stderr,
    execution: async () => (await import("./installedExecution.ts")).execution,
    // Only once: a second Ctrl-C meets the system's own answer, which ends even a process that hangs.
    onInterrupt: (stop) => {
      process.once("SIGINT", stop);
      process.once("SIGTERM", stop);
      return () => {
        process.off("SIGINT", stop);
        process.off("SIGTERM", stop);
      };
    },
  };
}
