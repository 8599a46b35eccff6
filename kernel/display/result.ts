import type { Cell } from "../cell/cell.ts";
import type { MimeBundle } from "../cell/mimeBundle.ts";
import { displayMethod } from "./displayMethod.ts";
import { formatValue } from "./format.ts";
import { LiveDisplay } from "./live.ts";

/**
 * A cell's last value, as its result: nothing for `undefined`. An async iterable streams into one display, which is
 * updated in place until it ends, fails, or the cell is interrupted, and keeps its last value; the result is nothing then.
 * Without a cell there is nowhere to stream to.
 */
export async function showResult(value: unknown, cell?: Cell): Promise<MimeBundle | undefined> {
  if (value === undefined) return undefined;
  if (!cell || !isStream(value)) return formatValue(value);
  await showStream(value, cell);
  return undefined;
}

/** Whether a value is a series of values to come. Streams of bytes are not: reading one takes it away from the cell. */
function isStream(value: unknown): value is AsyncIterable<unknown> {
  if (value === null || typeof value !== "object") return false;
  try {
    return Symbol.asyncIterator in value && !(displayMethod in value || "pipe" in value || "getReader" in value);
  } catch {
    return false; // a proxy that does not let itself be asked
  }
}

async function showStream(values: AsyncIterable<unknown>, cell: Cell): Promise<void> {
  const live = new LiveDisplay(cell);
  await live.finishAfter(follow(values, cell, live));
}

async function follow(values: AsyncIterable<unknown>, cell: Cell, live: LiveDisplay): Promise<void> {
  const iterator = values[Symbol.asyncIterator]();
  const interrupted = new Promise<"interrupted">((resolve) => {
    const stop = () => resolve("interrupted");
    if (cell.signal.aborted) stop();
    cell.signal.addEventListener("abort", stop, { once: true });
  });
  for (;;) {
    const next = await Promise.race([iterator.next(), interrupted]);
    if (next === "interrupted") {
      // It may never answer, so nobody waits for it.
      iterator.return?.()?.then(undefined, () => {});
      return;
    }
    if (next.done) return;
    live.show((options) => formatValue(next.value, options));
  }
}
