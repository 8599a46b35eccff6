import type { LogRecord } from "../channels/channel.ts";
import type { RecordBody, RecordSink } from "../runs/record.ts";
import type { CommandContext } from "./command.ts";
import { Progress } from "./progress.ts";

/**
 * Where a command that is no run sends its records: what `take` does not take is shown as progress, on stderr, so that
 * stdout has results only.
 */
export function showAside(
  { err }: CommandContext,
  quiet: boolean,
  take: (record: RecordBody) => boolean,
): RecordSink & { end(): void } {
  const progress = quiet ? undefined : new Progress(err);
  let seq = 0;
  return {
    append: (body) => {
      const record: LogRecord = { seq: seq++, time: Date.now(), ...body };
      if (!take(body)) progress?.show(record);
    },
    /** Ends the live line, before something else is written. */
    end: () => progress?.end(),
  };
}
