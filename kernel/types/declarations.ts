import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, readdir, readFile, rm, stat } from "node:fs/promises";
import { setPriority } from "node:os";
import { dirname, join, relative } from "node:path";
import { setTimeout } from "node:timers/promises";
import { FlamingoError } from "../../src/core/errors.ts";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { builtFolder, isCompiled } from "../../src/package/compiled.ts";
import { beginBuilding, buildsIn, noteBuilder } from "./buildingFolder.ts";

const root = dirname(dirname(import.meta.dirname));
const entry = join(root, "kernel/notebook/index.ts");
/** What the declarations are made from. */
const sources = ["src", "kernel/cell", "kernel/display", "kernel/notebook", "kernel/types", "package-lock.json"];
/** Sets of declarations that stay, for kernels that still read them. */
const kept = 3;
/** Milliseconds between looks whether another process has finished. */
const retry = 200;

/**
 * The file that declares the library for notebooks. It is compiled where it is missing, which takes ten seconds, and kept
 * below `dist/types` for all later kernels. Where the sources have changed, the kernel starts with the declarations of
 * before, and the next one has the new ones. The package has one set, which is never made anew.
 * @throws FlamingoError INTERNAL if the compiler fails
 */
export async function findDeclarations(cache = join(builtFolder, "types")): Promise<string> {
  if (isCompiled) return fileIn(cache);
  const current = await fingerprint();
  if (await exists(fileIn(join(cache, current)))) return fileIn(join(cache, current));
  const [latest] = await setsIn(cache);
  if (latest === undefined) return buildDeclarations(cache, current);
  // One at a time, and behind what people wait for; if it fails, the next kernel tries again.
  if ((await buildsIn(cache)).length === 0) buildDeclarations(cache, current, 19).catch(() => undefined);
  return fileIn(join(cache, latest));
}

/**
 * Compiles the declarations, unless they are there or another process is at it: then waits for that one.
 * @param niceness of the compiler's process, 19 for what nobody waits for
 * @throws FlamingoError INTERNAL if the compiler fails
 */
export async function buildDeclarations(
  cache = join(builtFolder, "types"),
  current?: string,
  niceness = 0,
): Promise<string> {
  const folder = join(cache, current ?? (await fingerprint()));
  const file = fileIn(folder);
  const building = `${folder}.building`;
  await makeFolder(cache);
  while (!(await exists(file))) {
    if (!(await beginBuilding(building))) {
      await setTimeout(retry);
      continue;
    }
    try {
      await compile(building, folder, niceness);
    } finally {
      await rm(building, { recursive: true, force: true });
    }
  }
  for (const old of (await setsIn(cache)).slice(kept)) await rm(join(cache, old), { recursive: true, force: true });
  return file;
}

function compile(building: string, folder: string, niceness: number): Promise<void> {
  const script = join(import.meta.dirname, "build.ts");
  const loader = import.meta.resolve("tsx");
  const child = spawn(process.execPath, ["--import", loader, script, root, entry, building, folder], {
    stdio: ["ignore", "ignore", niceness === 0 ? "pipe" : "ignore"],
    detached: true,
    env: { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
  });
  if (child.pid !== undefined) noteBuilder(building, child.pid);
  if (niceness !== 0) {
    if (child.pid !== undefined) setPriority(child.pid, niceness);
    child.unref();
  }
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) return resolve();
      const reason = said.trim().split("\n").at(-1) ?? "";
      reject(
        new FlamingoError("INTERNAL", `the library's declarations were not compiled: ${reason}`, { source: folder }),
      );
    });
  });
}

/** Changes with every change of what the declarations are made from. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256");
  for (const source of sources)
    for (const file of await filesBelow(join(root, source)))
      hash.update(relative(root, file)).update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}

async function filesBelow(path: string): Promise<string[]> {
  if (/\.\w+$/.test(path)) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((found) => found.isFile() && found.name.endsWith(".ts"))
    .map((found) => join(found.parentPath, found.name))
    .sort();
}

function fileIn(folder: string): string {
  return join(folder, relative(root, entry).replace(/\.ts$/, ".d.ts"));
}

/** The sets of declarations in the cache, the latest first. */
async function setsIn(cache: string): Promise<string[]> {
  const names = (await readdir(cache).catch(() => [])).filter((name) => !name.includes("."));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(cache, name))).mtimeMs })));
  return dated.sort((a, b) => b.at - a.at).map(({ name }) => name);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
