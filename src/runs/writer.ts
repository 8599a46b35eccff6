import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { uptime } from "node:os";
import { join, resolve } from "node:path";
import { FlamingoError } from "../core/errors.ts";
import { isAlive } from "./isAlive.ts";

/**
 * A log has one writer at a time. Who writes leaves its process id in the run folder; the mark of a process that died,
 * or of one from before the machine started, does not count.
 */
const mark = "writer.pid";
const held = new Set<string>();

/** The id of the process that writes a run's log now, if there is one. */
export function liveWriter(folder: string): number | undefined {
  const file = join(folder, mark);
  try {
    const pid = Number(readFileSync(file, "utf8"));
    if (!Number.isInteger(pid) || pid <= 0) return undefined;
    if (statSync(file).mtimeMs < Date.now() - uptime() * 1000) return undefined;
    if (pid === process.pid) return held.has(resolve(folder)) ? pid : undefined;
    return isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes this process the writer of a run's log.
 * @returns what gives that up again
 * @throws FlamingoError RUN_FOLDER if another process writes it, and what the system says of the folder
 */
export function claimWriter(folder: string): () => void {
  const path = resolve(folder);
  const file = join(path, mark);
  const descriptor = openMark(path, file);
  try {
    writeSync(descriptor, String(process.pid));
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  held.add(path);
  return () => {
    held.delete(path);
    rmSync(file, { force: true });
  };
}

function openMark(folder: string, file: string): number {
  try {
    return openSync(file, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const other = liveWriter(folder);
  if (other !== undefined) {
    const fix = "stop that process first, or watch the run in the studio";
    throw new FlamingoError("RUN_FOLDER", `process ${other} is writing the run in ${folder}`, { source: folder, fix });
  }
  rmSync(file, { force: true });
  return openSync(file, "wx");
}
