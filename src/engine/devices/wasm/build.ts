import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FlamingoError } from "../../../core/errors.ts";
import { makeFolder } from "../../../files/makeFolder.ts";
import { writeAtomic } from "../../../files/writeAtomic.ts";
import { builtFolder, isCompiled } from "../../../package/compiled.ts";
import { dispatchSource } from "./dispatch.ts";

const sources = new URL("./kernels/", import.meta.url);
const cache = pathToFileURL(join(builtFolder, "engine/"));

// No memory of its own: it works on the tensors of TensorFlow.js' module, in that module's memory.
const always = [
  ...["-O3", "--runtime", "stub", "--noAssert", "--enable", "simd", "--enable", "threads"],
  ...["--importMemory", "--noExportMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
];

/** A compiled module of kernels, and whether it had to be compiled just now. */
export interface BuiltKernels {
  bytes: Uint8Array<ArrayBuffer>;
  built: boolean;
}

/** The name that a module of kernels has in the package, which lacks the sources that its name in a checkout tells apart. */
export function packagedName(fused: boolean): string {
  return fused ? "kernels-fused.wasm" : "kernels.wasm";
}

/**
 * Compiles the wasm device's kernels from `kernels/*.ts` with AssemblyScript, some three seconds, or takes them from
 * `dist/engine/` when these sources were compiled before. Several processes may do so at once. The package has them compiled.
 *
 * @param fused whether products are added with fused multiply-add, which not every machine has
 * @throws FlamingoError INTERNAL if the sources do not compile.
 */
export async function buildKernels(fused: boolean): Promise<BuiltKernels> {
  if (isCompiled) return { bytes: new Uint8Array(await readFile(new URL(packagedName(fused), cache))), built: false };
  const files = new Map<string, string>();
  const names = (await readdir(sources)).filter((name) => name.endsWith(".ts")).sort();
  for (const name of names) files.set(name, await readFile(new URL(name, sources), "utf8"));
  files.set("operations.ts", dispatchSource(files));
  const options = fused ? [...always, "--enable", "relaxed-simd"] : always;
  const file = new URL(`kernels-${fingerprint(files, options)}.wasm`, cache);
  const known = await readFile(file).catch(() => undefined);
  if (known) return { bytes: new Uint8Array(known), built: false };
  const bytes = await compile(files, options);
  await store(file, bytes);
  return { bytes, built: true };
}

function fingerprint(files: ReadonlyMap<string, string>, options: readonly string[]): string {
  const { version } = createRequire(import.meta.url)("assemblyscript/package.json") as { version: string };
  const hash = createHash("sha256").update(JSON.stringify([version, options, [...files]]));
  return hash.digest("hex").slice(0, 16);
}

async function compile(
  files: ReadonlyMap<string, string>,
  options: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const { main } = await import("assemblyscript/asc");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await main(["index.ts", ...options, "--outFile", "kernels.wasm"], {
    readFile: (name) => files.get(name) ?? null,
    writeFile: (name, contents) => {
      if (name === "kernels.wasm") binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !binary)
    throw new FlamingoError("INTERNAL", `the kernels do not compile: ${stderr.toString() || error}`);
  return new Uint8Array(binary);
}

/** Keeps a compiled module for next time; without a writable folder, it is compiled again. */
async function store(file: URL, bytes: Uint8Array): Promise<void> {
  try {
    await makeFolder(fileURLToPath(cache));
    await writeAtomic(fileURLToPath(file), bytes);
  } catch {
    return;
  }
}
