import { installTensorflow, removeTensorflow, withdraw } from "../engine/devices/tensorflow/installation/install.ts";
import { readInstallation } from "../engine/devices/tensorflow/installation/installation.ts";
import { type Command, type CommandContext, interruptedCode, readArguments, usageError } from "./command.ts";
import { findDevices } from "./findDevices.ts";
import { Steps } from "./steps.ts";
import { tryTensorflow } from "./tryTensorflow.ts";

const usage = "flamingo device [tensorflow --install [--cpu | --gpu] | tensorflow --remove]";

/** Lists the devices, and installs the one that needs it. */
export const device: Command = {
  help: `${usage}

Without arguments: every device of this machine, or why it is not there.

  tensorflow --install   make the device tensorflow work: fetches TensorFlow's library (pip) and tfjs-node's sources (npm),
                         builds the addon between them (a C++ compiler), and tries it out. Goes on where an earlier call
                         was cut short. About 0.8 GB of disk (CPU), beside the studio's packages
  --gpu, --cpu           the library with CUDA, for NVIDIA GPUs, or the one without; by default, what the machine has
  tensorflow --remove    remove it again
`,
  run: async (args, context) => {
    const flag = { type: "boolean" } as const;
    const { values, positionals } = readArguments(args, { install: flag, remove: flag, cpu: flag, gpu: flag }, usage);
    const { install, remove, cpu, gpu } = values;
    const [name, ...more] = positionals;
    if (name === undefined && Object.keys(values).length === 0) return list(context);
    if (name !== "tensorflow" || more.length > 0)
      throw usageError(`"${positionals.join(" ")}" is not the device tensorflow, the one that needs installing`, usage);
    if (install === remove) throw usageError("device tensorflow takes one of --install and --remove", usage);
    if ((cpu && gpu) || (remove && (cpu || gpu)))
      throw usageError("--cpu and --gpu exclude each other, and go with --install", usage);
    if (remove) {
      const there = await removeTensorflow();
      context.out.write(there ? "tensorflow is removed\n" : "tensorflow was not installed\n");
      return 0;
    }
    return installHere(cpu ? false : gpu, context);
  },
};

async function list(context: CommandContext): Promise<number> {
  for (const [name, found] of await findDevices(context)) context.out.write(`${name.padEnd(12)} ${found}\n`);
  return 0;
}

async function installHere(gpu: boolean | undefined, context: CommandContext): Promise<number> {
  const stop = new AbortController();
  const release = context.onInterrupt(() => stop.abort());
  const steps = new Steps(context.out);
  try {
    const there = readInstallation();
    if (there && (gpu === undefined || gpu === there.gpu)) steps.begin(`TensorFlow ${there.tensorflow} is installed`);
    else
      await installTensorflow({
        ...(gpu !== undefined && { gpu }),
        signal: stop.signal,
        step: (text, growing) => steps.begin(text, growing),
      });
    steps.begin("trying it out: a layer and its gradients, beside the reference");
    const description = await tryTensorflow().catch(async (error) => {
      await withdraw();
      throw error;
    });
    steps.end();
    context.out.write(`tensorflow works: ${description}\n`);
    return 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    steps.end();
    context.err.write("stopped; the same command goes on from here\n");
    return interruptedCode;
  } finally {
    steps.end();
    release();
  }
}
