import type { ActionContext } from "./action.ts";

/**
 * Between two pieces of work: lets messages in, and rests while the run is paused.
 * @param beforeRest what must be safe before a rest that may last, such as a checkpoint
 * @returns whether to go on; false if the run should stop
 */
export async function mayGoOn(
  { signal, control }: Pick<ActionContext, "signal" | "control">,
  beforeRest: () => Promise<void> = async () => {},
): Promise<boolean> {
  // Work computes without a break; messages (stop, pause) are only heard in between.
  await new Promise((resolve) => setImmediate(resolve));
  if (!signal.aborted && control?.paused()) {
    await beforeRest();
    await control.wait();
  }
  return !signal.aborted;
}
