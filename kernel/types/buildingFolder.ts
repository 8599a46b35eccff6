import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAlive } from "../../src/runs/isAlive.ts";

/**
 * A folder in which one process builds while others wait: `NAME.building`, which becomes `NAME` when it is complete. It holds
 * the id of the process that builds, so that nobody waits for one that was killed.
 */
const ending = ".building";
const builder = "builder.pid";
/** Milliseconds in which a builder that said no id, or whose id another process has by now, counts as alive. */
const [unnamed, abandoned] = [30_000, 300_000];

/** Whether it is ours to build there. */
export async function beginBuilding(building: string): Promise<boolean> {
  await buildsIn(dirname(building));
  return mkdir(building).then(
    () => true,
    () => false,
  );
}

/** Says which process builds there. */
export function noteBuilder(building: string, pid: number): void {
  writeFileSync(join(building, builder), String(pid));
}

/** Takes away what only builders need, once the folder is complete. */
export function forgetBuilder(building: string): void {
  rmSync(join(building, builder), { force: true });
}

/** The folders in which processes build. Those of processes that died go. */
export async function buildsIn(folder: string): Promise<string[]> {
  const active: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(ending)) continue;
    const building = join(folder, name);
    const found = await stat(building).catch(() => undefined);
    if (!found) continue;
    const age = Date.now() - found.mtimeMs;
    const pid = builderOf(building);
    if (pid === undefined ? age < unnamed : isAlive(pid) && age < abandoned) active.push(name);
    else await rm(building, { recursive: true, force: true });
  }
  return active;
}

function builderOf(building: string): number | undefined {
  try {
    return Number(readFileSync(join(building, builder), "utf8")) || undefined;
  } catch {
    return undefined;
  }
}
