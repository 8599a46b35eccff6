import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { setPriority } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { makeFolder } from "../../src/files/makeFolder.ts";
import { cacheFolder, isCompiled, moduleFile } from "../../src/package/compiled.ts";
import { beginBuilding, noteBuilder } from "./buildingFolder.ts";

const root = dirname(dirname(import.meta.dirname));
const snapshots = join(cacheFolder, "compiler");
const compiler = join(root, "kernel", "compiler");
/** What else a snapshot is made from. */
const others = ["typescript/package.json", "@types/node/package.json"].map((name) =>
  createRequire(import.meta.url).resolve(name),
);
/** Of the compiler, and of the one of a kernel's first cells. */
const [whole, early] = ["compiler.blob", "early.blob"];
/** Snapshots that stay: two of the library's declarations, for kernels that start while the next one is built. */
const kept = 2;
/** Milliseconds between looks whether another process has finished. */
const retry = 200;

/**
 * Snapshots of the compilers' processes in which TypeScript has read its libraries, so that a kernel starts in a fifth of the
 * time. They fit one version of Node and of the compiler.
 * @returns their files, the latest; undefined where there are none yet
 */
export function findSnapshots(folder = snapshots): { whole: string; early: string } | undefined {
  const prefix = `${fingerprint()}-`;
  const found = namesIn(folder)
    .filter((name) => name.startsWith(prefix) && !name.endsWith(".building"))
    .map((name) => ({ name, time: statSync(join(folder, name, whole), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .filter(({ time }) => time > 0)
    .sort((a, b) => b.time - a.time);
  const latest = found[0] && join(folder, found[0].name);
  return latest ? { whole: join(latest, whole), early: join(latest, early) } : undefined;
}

/**
 * Builds the snapshots for the kernels that follow, unless they are there or somebody is at it.
 * @param declarations the file that declares the library
 * @param niceness of the process, 19 for what nobody waits for
 */
export async function buildSnapshot(declarations: string, niceness = 19, folder = snapshots): Promise<void> {
  const name = `${fingerprint()}-${basename(setOf(declarations))}`;
  if (statSync(join(folder, name, whole), { throwIfNoEntry: false })) return;
  const building = join(folder, `${name}.building`);
  await makeFolder(folder);
  if (!(await beginBuilding(building))) {
    while (niceness === 0 && statSync(building, { throwIfNoEntry: false })) await setTimeout(retry);
    return;
  }
  const library = { name: "flamingo", module: "flamingo-studio", declarations };
  const script = moduleFile(join(import.meta.dirname, "buildSnapshot.ts"));
  const loader = isCompiled ? [] : ["--import", import.meta.resolve("tsx")];
  const args = [JSON.stringify(library), building, whole, early, join(folder, name)];
  const child = spawn(process.execPath, [...loader, script, ...args], {
    stdio: "ignore",
    detached: true,
    env: { ...process.env, NODE_OPTIONS: "", TSX_TSCONFIG_PATH: join(root, "tsconfig.json") },
  });
  if (child.pid !== undefined) {
    noteBuilder(building, child.pid);
    if (niceness > 0) setPriority(child.pid, niceness);
  }
  if (niceness > 0) child.unref();
  else await new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  for (const old of outdated(folder, name)) await rm(join(folder, old), { recursive: true, force: true });
}

/** The folder of a set of declarations, below which they lie as their sources do. */
function setOf(declarations: string): string {
  const end = declarations.lastIndexOf("/kernel/notebook/");
  return end < 0 ? dirname(declarations) : declarations.slice(0, end);
}

function outdated(folder: string, current: string): string[] {
  const complete = namesIn(folder).filter((name) => !name.endsWith(".building") && name !== current);
  const time = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return complete.sort((a, b) => time(b) - time(a)).slice(kept);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Changes with Node, TypeScript and every file of the compiler. It is asked for at each start, so no file is read. */
function fingerprint(): string {
  const hash = createHash("sha256").update(`${process.version} ${process.arch} ${root}`);
  const files = [...namesIn(compiler).map((name) => join(compiler, name)), ...others];
  for (const file of files) {
    const stat = statSync(file, { throwIfNoEntry: false });
    hash.update(`${file} ${stat?.mtimeMs} ${stat?.size}`);
  }
  return hash.digest("hex").slice(0, 12);
}
