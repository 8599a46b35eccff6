import { currentCell, runInCell } from "./cell.ts";
import type { Comm, CommMessage } from "./comm.ts";

/** Called when a front end opens a comm. */
export type CommTarget = (comm: Comm, opening: CommMessage) => void;

const targets = new Map<string, CommTarget>();

/**
 * Lets front ends open comms by a name, a page's button for instance. The last registration of a name counts. What the target
 * prints, and what it throws, shows below the cell that registered it.
 *
 * @example
 * registerCommTarget("stop", (comm) => comm.onMessage(() => trainer.stop()));
 */
export function registerCommTarget(name: string, target: CommTarget): void {
  const cell = currentCell();
  targets.set(name, (comm, opening) => {
    const open = async () => target(comm, opening);
    if (cell) runInCell(cell, open);
    else open();
  });
}

export function findCommTarget(name: string): CommTarget | undefined {
  return targets.get(name);
}
