import type { RunEvent, RunEventBody } from "../runs/event.ts";
import type { CommandContext } from "./command.ts";
import { Progress } from "./progress.ts";

/**
 * Where a command that is no run sends its events: what `take` does not take is shown as progress, on stderr, so that
 * stdout has results only.
 */
export function showAside({ err }: CommandContext, quiet: boolean, take: (event: RunEventBody) => boolean) {
  const progress = quiet ? undefined : new Progress(err);
  let seq = 0;
  return {
    append: (body: RunEventBody) => {
      const event: RunEvent = { seq: seq++, time: Date.now(), ...body };
      if (!take(body)) progress?.show(event);
    },
    /** Ends the live line, before something else is written. */
    end: () => progress?.end(),
  };
}
