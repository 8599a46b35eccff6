import { cp, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildDeclarations } from "../../kernel/types/declarations.ts";
import { buildClientIfStale } from "../command/freshClient.ts";
import { buildKernels, packagedName } from "../engine/devices/wasm/build.ts";
import { builtFolder } from "../package/compiled.ts";
import { version } from "../package/version.ts";
import { compileSources, declareLibrary } from "./compileSources.ts";

// Builds dist/package, which `npm pack` takes: a copy of the folders src, kernel, editor and notebooks in which all is
// compiled, so that paths between them hold, and beside them what a checkout builds when it is needed.

const root = fileURLToPath(new URL("../../", import.meta.url));
const target = join(builtFolder, "package");

/** Files that the code reads, where it is. */
const read = [
  "editor/client/public/flamingo.svg",
  "editor/templates",
  "kernel/engine/laterArrays.d.ts",
  "kernel/engine/untyped.d.ts",
  "kernel/flamingo-kernel.js",
  "notebooks",
  "src/engine/devices/tensorflow/native",
  "src/weights/pretrained",
];

/** Builds it beside the old one, which is there until the new one is whole. */
async function buildPackage(): Promise<void> {
  const [fresh, old] = [`${target}.${process.pid}.new`, `${target}.${process.pid}.old`];
  await rm(fresh, { recursive: true, force: true });
  compileSources(root, fresh);
  declareLibrary(root, fresh);
  for (const path of read) await cp(join(root, path), join(fresh, path), { recursive: true });
  await writeFile(join(fresh, "package.json"), `${JSON.stringify({ version, type: "module" })}\n`);
  await addBuilt(fresh);
  await rename(target, old).catch(() => undefined); // the first time there is none
  await rename(fresh, target);
  await rm(old, { recursive: true, force: true });
}

/** The page, the wasm kernels and the declarations for notebooks, which are built as in a checkout. */
async function addBuilt(folder: string): Promise<void> {
  const page = join(builtFolder, "client");
  await buildClientIfStale(page, () => {});
  await cp(page, join(folder, "client"), { recursive: true });
  await mkdir(join(folder, "engine"));
  for (const fused of [false, true])
    await writeFile(join(folder, "engine", packagedName(fused)), (await buildKernels(fused)).bytes);
  const declarations = dirname(dirname(dirname(await buildDeclarations())));
  await cp(declarations, join(folder, "types"), { recursive: true });
}

await buildPackage();
