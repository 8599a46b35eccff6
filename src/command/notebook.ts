import { dirname, resolve } from "node:path";
import { executeNotebook } from "../../kernel/client/executeNotebook.ts";
import { KernelClient } from "../../kernel/client/kernelClient.ts";
import { flamingoKernelspec, kernelName } from "../../kernel/client/kernelspec.ts";
import { type NotebookFile, parseNotebook, printNotebook } from "../../kernel/nbformat/notebook.ts";
import { printSeconds } from "../core/duration.ts";
import { FlamingoError } from "../core/errors.ts";
import { writeAtomic } from "../files/writeAtomic.ts";
import { printError } from "../runs/fault.ts";
import { type Command, type CommandContext, interruptedCode, readArguments, readWhole, usageError } from "./command.ts";
import { readNamedFile } from "./readNamedFile.ts";

const usage = "flamingo notebook run FILE.ipynb [--output FILE] [--timeout S] [--allow-errors]";

/** Languages that our kernel runs, by the names that notebooks give them. */
const languages: readonly string[] = ["typescript", "javascript"];

/** Executes a notebook and keeps what its cells show. */
export const notebook: Command = {
  help: `${usage}

Runs a notebook's cells from the top, in its own folder, and writes what they show into the file. Needs no Python and
no Jupyter.

  FILE.ipynb       the notebook
  --output FILE    write there, and leave the notebook as it is
  --timeout S      seconds that each cell has
  --allow-errors   go on after a cell that failed

Ctrl-C interrupts the cell that runs, and saves what there is.
`,
  run: async (args, context) => {
    const options = {
      output: { type: "string" },
      timeout: { type: "string" },
      "allow-errors": { type: "boolean" },
    } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [action, file, ...more] = positionals;
    if (action !== "run" || file === undefined || more.length > 0)
      throw usageError("notebook takes run and one notebook", usage);
    const timeout = readWhole("timeout", values.timeout, 1, usage);
    const input = parseNotebook(await readNamedFile(file, [], "name a Jupyter notebook (.ipynb)"), file);
    refuseOtherLanguages(input, file);
    return runNotebook(input, file, values.output ?? file, context, {
      allowErrors: values["allow-errors"] ?? false,
      ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
    });
  },
};

async function runNotebook(
  input: NotebookFile,
  file: string,
  output: string,
  context: CommandContext,
  options: { allowErrors: boolean; timeout?: number },
): Promise<number> {
  const stop = new AbortController();
  const release = context.onInterrupt(() => {
    context.err.write("\ninterrupting the cell; Ctrl-C again ends at once\n");
    stop.abort();
  });
  const kernel = await KernelClient.start({
    spec: flamingoKernelspec,
    cwd: dirname(resolve(file)),
    env: { FLAMINGO_HOME: context.home.folder },
  });
  try {
    if (stop.signal.aborted) return interruptedCode; // nothing has run: the file stays as it is
    const { notebook: executed, failure } = await executeNotebook(kernel, input, {
      ...options,
      signal: stop.signal,
      onCell: ({ number, count, line, milliseconds }) =>
        context.err.write(`[${number}/${count}] ${printSeconds(milliseconds / 1000)}  ${line}\n`),
    });
    await writeAtomic(resolve(output), printNotebook(withKernelspec(executed)));
    if (failure) context.err.write(`${printError({ ...failure.toJSON(), source: file })}\n`);
    context.out.write(`${output}\n`);
    if (stop.signal.aborted) return interruptedCode;
    return failure ? 1 : 0;
  } finally {
    release();
    await kernel.shutdown();
  }
}

/** So that a front end opens the notebook with the kernel that ran it. */
function withKernelspec(executed: NotebookFile): NotebookFile {
  const { display_name, language } = flamingoKernelspec;
  const kernelspec = { name: kernelName, display_name, language };
  return { ...executed, metadata: { kernelspec, ...executed.metadata } };
}

function refuseOtherLanguages({ metadata }: NotebookFile, file: string): void {
  const { kernelspec, language_info } = metadata as {
    kernelspec?: { language?: unknown };
    language_info?: { name?: unknown };
  };
  const language = kernelspec?.language ?? language_info?.name;
  if (language === undefined || languages.includes(String(language).toLowerCase())) return;
  const fix = "run it with the kernel that it is for, or open it in a front end and choose TypeScript (Flamingo)";
  const message = `${file} is written in ${language}, and this kernel runs ${languages.join(" and ")}`;
  throw new FlamingoError("INVALID_NOTEBOOK", message, { source: file, fix });
}
