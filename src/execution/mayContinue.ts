import type { ActionContext } from "./action.ts";

/**
 * Called between two units of work: lets messages arrive, and waits while the run is paused.
 * @param beforePause called before a wait, such as to save a checkpoint
 * @returns false if the run should stop
 */
export async function mayContinue(
  { signal, control }: Pick<ActionContext, "signal" | "control">,
  beforePause: () => Promise<void> = async () => {},
): Promise<boolean> {
  // Work blocks the event loop; messages (stop, pause) arrive only here.
  await new Promise((resolve) => setImmediate(resolve));
  if (!signal.aborted && control?.paused()) {
    await beforePause();
    await control.wait();
  }
  return !signal.aborted;
}
