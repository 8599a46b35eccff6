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

/** Folders of files that are read, whole or but for their TypeScript. */
const read = {
  whole: ["editor/templates", "editor/ablations", "notebooks", "editor/client/public"],
  withoutSources: ["src", "kernel"],
};
/** What loads TypeScript, which only a checkout has, what is compiled otherwise, and weights that only older pipelines name. */
const onlyInCheckouts = [
  ...["kernel/wire/start.cjs", "kernel/bundle", "src/command/flamingo.js", "src/package/thread.js"],
  ...["src/build", "src/engine/devices/wasm/kernels", "src/weights/pretrained/emoji-language.safetensors"],
].map((path) => join(root, path));

/** Builds it beside the old one, which is there until the new one is whole. */
async function buildPackage(): Promise<void> {
  const [fresh, old] = [`${target}.${process.pid}.new`, `${target}.${process.pid}.old`];
  try {
    await fill(fresh);
    await rename(target, old).catch(() => undefined); // the first time there is none
    await rename(fresh, target);
  } finally {
    for (const folder of [fresh, old]) await rm(folder, { recursive: true, force: true });
  }
}

async function fill(folder: string): Promise<void> {
  compileSources(root, folder);
  declareLibrary(root, folder);
  for (const path of read.whole) await cp(join(root, path), join(folder, path), { recursive: true });
  for (const path of read.withoutSources)
    await cp(join(root, path), join(folder, path), { recursive: true, filter: (file) => isRead(file) });
  await writeFile(join(folder, "package.json"), `${JSON.stringify({ version, type: "module" })}\n`);
  await addBuilt(folder);
}

function isRead(file: string): boolean {
  return !onlyInCheckouts.includes(file) && (!file.endsWith(".ts") || file.endsWith(".d.ts"));
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
