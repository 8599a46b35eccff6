import { setTimeout } from "node:timers/promises";
import { interruption, type Shared } from "./shared.ts";

/** How long a cell has to take up an interrupt before it is forced, in milliseconds. */
export const patience = 100;
/** And where work goes on that heeds interrupts: how long it may seem to do nothing, between two operations. */
const heedPatience = 2_000;
/** And where a stop half-way would break something. */
const mostPatience = 10_000;
const interval = 5;

/**
 * Waits while an interrupt that was asked for may yet be taken up.
 * @returns whether it is to be forced from now on; false where it was taken up
 */
export async function untilForced(shared: Shared): Promise<boolean> {
  const start = performance.now();
  const atStart = shared.raised;
  let [raised, lastWork] = [atStart, start];
  for (;;) {
    await setTimeout(interval);
    if (shared.interruption !== interruption.asked) return false;
    const now = performance.now();
    if (shared.shielded || shared.raised !== raised) [raised, lastWork] = [shared.raised, now];
    // What follows a thing that is shielded may take up the interrupt. A loop of such things never will.
    const isWhole = shared.shielded && raised === atStart;
    const mayTakeUp = isWhole || shared.loading || (shared.heeding && now - lastWork < heedPatience);
    if (now - start < (mayTakeUp ? mostPatience : patience)) continue;
    return shared.moveInterruption(interruption.asked, interruption.forced);
  }
}

/**
 * Resolves when nothing runs that must not be stopped half-way, or more cells have ended than these. From when an interrupt is
 * forced on, nothing such begins.
 */
export async function untilUnshielded(shared: Shared, endings: number): Promise<void> {
  const start = performance.now();
  const mayWait = () => performance.now() - start < mostPatience && shared.endings === endings;
  while (shared.shielded && mayWait()) await setTimeout(1);
}
