import { readdirSync, readFileSync } from "node:fs";

/** The processes that a process has started and that run, as Linux tells them; nothing on other systems. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** Sends a signal to processes and all that they have started, the last first: a shell then waits for nobody. */
export function signalTrees(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    signalTrees(childrenOf(pid), signal);
    try {
      process.kill(pid, signal);
    } catch {
      // It has just ended.
    }
  }
}
