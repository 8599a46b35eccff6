import { installKernel, kernelspecFolder, uninstallKernel } from "../../kernel/install.ts";
import { findDeclarations } from "../../kernel/types/declarations.ts";
import { reportOf } from "../core/errors.ts";
import { printError } from "../runs/fault.ts";
import { type Command, type CommandContext, readArguments, usageError } from "./command.ts";

const usage = "flamingo kernel install|uninstall [--user | --prefix DIR]";

/** Makes the notebook kernel known to Jupyter. */
export const kernel: Command = {
  help: `${usage}

Makes the kernel known to Jupyter's front ends (JupyterLab, Notebook, VS Code, nbconvert), or takes that back. The
studio's own notebook page and flamingo notebook run need neither this nor Python.

  --user         for this user, wherever Jupyter was installed; the same as neither option
  --prefix DIR   in DIR/share/jupyter: a Python environment's folder, or /usr/local
`,
  run: async (args, context) => {
    const options = { user: { type: "boolean" }, prefix: { type: "string" } } as const;
    const { values, positionals } = readArguments(args, options, usage);
    const [action, ...more] = positionals;
    if ((action !== "install" && action !== "uninstall") || more.length > 0)
      throw usageError("kernel takes one of install, uninstall", usage);
    if (values.user && values.prefix !== undefined) throw usageError("--user and --prefix exclude each other", usage);
    const folder = kernelspecFolder(values.prefix);
    if (action === "uninstall") {
      await uninstallKernel(folder);
      context.out.write(`removed ${folder}\n`);
      return 0;
    }
    await installKernel(folder);
    context.out.write(`installed in ${folder}\n`);
    await compileTypes(context);
    context.out.write("next: open a notebook in JupyterLab or VS Code, and choose the kernel TypeScript (Flamingo)\n");
    return 0;
  },
};

/** Compiles what notebooks know of the library's types where nothing has yet, so that the first one need not wait. */
async function compileTypes({ err }: CommandContext): Promise<void> {
  err.write("making the library's types ready for notebooks…\n");
  try {
    await findDeclarations();
  } catch (error) {
    err.write(`warning: ${printError(reportOf(error))}\n`); // the kernel works all the same
  }
}
