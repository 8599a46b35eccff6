import { access, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FlamingoError } from "../src/core/errors.ts";
import { makeFolder } from "../src/files/makeFolder.ts";
import { flamingoKernelspec, kernelName } from "./client/kernelspec.ts";
import { drawLogo, logoNames } from "./client/logo.ts";
import { jupyterDataFolder } from "./protocol/dataFolder.ts";

type Environment = Record<string, string | undefined>;

/**
 * Where Jupyter looks for our kernel's folder.
 * @param prefix a Python environment's or the system's folder; without it, the user's own
 */
export function kernelspecFolder(prefix?: string, environment: Environment = process.env): string {
  const data = prefix === undefined ? jupyterDataFolder(environment) : join(resolve(prefix), "share", "jupyter");
  return join(data, "kernels", kernelName);
}

/**
 * Makes our kernel known to Jupyter's front ends. What was installed there before is replaced.
 * @throws FlamingoError KERNELSPEC_FOLDER
 */
export async function installKernel(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    for (const name of logoNames) await writeFile(join(folder, name), await drawLogo(name));
    await writeFile(join(folder, "kernel.json"), `${JSON.stringify(flamingoKernelspec, undefined, 2)}\n`);
  } catch (error) {
    throw folderRefused("be written", folder, error);
  }
}

/**
 * Takes back what `installKernel` did.
 * @throws FlamingoError NOT_FOUND, KERNELSPEC_FOLDER
 */
export async function uninstallKernel(folder: string): Promise<void> {
  const there = await access(join(folder, "kernel.json")).then(
    () => true,
    () => false,
  );
  if (!there)
    throw new FlamingoError("NOT_FOUND", `there is no kernel in ${folder}`, {
      source: folder,
      fix: "give the --prefix that it was installed with; `jupyter kernelspec list` shows where it is",
    });
  try {
    await rm(folder, { recursive: true });
  } catch (error) {
    throw folderRefused("be removed", folder, error);
  }
}

function folderRefused(what: string, folder: string, error: unknown): FlamingoError {
  const message = `${folder} cannot ${what}: ${(error as Error).message}`;
  const fix = "choose another place with --prefix DIR, or change the folder's permissions";
  return new FlamingoError("KERNELSPEC_FOLDER", message, { source: folder, fix }, { cause: error });
}
