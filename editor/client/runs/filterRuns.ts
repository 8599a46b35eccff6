import type { RunStatus } from "../../../src/runs/record.ts";
import { isOver } from "../../../src/runs/record.ts";
import type { RunSummary } from "../../shared/protocol.ts";

export const statusFilters = ["all", "under way", "succeeded", "stopped", "failed"] as const;

/** What a person wants to see of the list of runs. */
export interface RunFilter {
  /** Words, all of which a run has in its name, tags, notes or id. */
  search: string;
  status: (typeof statusFilters)[number];
  starred: boolean;
  tag: string | undefined;
}

export const everything: RunFilter = { search: "", status: "all", starred: false, tag: undefined };

/** The runs that a filter lets through, in their order. */
export function filterRuns(runs: readonly RunSummary[], { search, status, starred, tag }: RunFilter): RunSummary[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter(({ id, name, status: own, marks }) => {
    const text = [id, name, marks.notes, ...marks.tags].join("\n").toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      hasStatus(own, status) &&
      (!starred || marks.starred) &&
      (tag === undefined || marks.tags.includes(tag))
    );
  });
}

function hasStatus(own: RunStatus, wanted: RunFilter["status"]): boolean {
  if (wanted === "all") return true;
  return wanted === "under way" ? !isOver(own) : own === wanted;
}

/** Every tag of some runs, the most used first. */
export function tagsOf(runs: readonly RunSummary[]): string[] {
  const counts = new Map<string, number>();
  for (const { marks } of runs) for (const tag of marks.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([tag]) => tag);
}
