import type { RequestOf, RunSummary, TrashedRun } from "../../shared/protocol.ts";
import { tell, tellError } from "../stores/notices.ts";
import { request } from "../stores/studio.ts";

/** Changes what is noted about a run. */
export function markRun(run: string, marks: RequestOf<"run:mark">["marks"]): void {
  void request("run:mark", { run, marks }).catch(tellError);
}

/** Stops a run, which ends by force if it does not stop by itself in time. */
export function stopRun(run: string): void {
  void request("run:stop", { run }).catch(tellError);
}

/** How many runs go on side by side; sets it where a number is given. */
export async function queueLanes(lanes?: number): Promise<number> {
  const answer = await request("queue:lanes", lanes === undefined ? {} : { lanes });
  return (answer as { lanes: number }).lanes;
}

/** Moves runs into the trash, and offers to take that back. Those that are not over stay, and a notice says so. */
export async function deleteRuns(runs: readonly RunSummary[]): Promise<void> {
  const deleted: RunSummary[] = [];
  for (const run of runs) {
    try {
      await request("run:delete", { run: run.id });
      deleted.push(run);
    } catch (error) {
      tellError(error);
    }
  }
  if (deleted.length === 0) return;
  const what = deleted.length === 1 ? `“${deleted[0]!.name}”` : `${deleted.length} runs`;
  tell(`Moved ${what} to the trash`, { label: "Undo", perform: () => void restoreRuns(deleted).catch(tellError) });
}

export async function restoreRuns(runs: readonly { id: string }[]): Promise<void> {
  for (const { id } of runs) await request("run:restore", { run: id });
}

export async function listTrash(): Promise<TrashedRun[]> {
  return ((await request("trash:list", {})) as { runs: TrashedRun[] }).runs;
}

export async function emptyTrash(): Promise<void> {
  await request("trash:empty", {});
}
