import type { Pipeline } from "../../../src/pipeline/schema.ts";
import { applyDelta, combine, type Delta, diff, invert, isEmpty } from "./delta.ts";

interface Entry {
  /** What was done, for the menu: `Move`, `Change latents`. */
  label: string;
  delta: Delta;
  /** Changes with the same key that follow each other are one: typing into a field is one step back. */
  key?: string;
}

/** What can be taken back and done again. */
export interface History {
  past: readonly Entry[];
  future: readonly Entry[];
}

export const noHistory: History = { past: [], future: [] };

/** Older changes than so many cannot be taken back. */
const longest = 500;

/** Notes a change. One that changes nothing is not noted; one that is noted forgets what could be done again. */
export function record(history: History, before: Pipeline, after: Pipeline, label: string, key?: string): History {
  const delta = diff(before, after);
  if (isEmpty(delta)) return history;
  const last = history.past.at(-1);
  if (key !== undefined && last?.key === key) {
    const joined = { ...last, delta: combine(last.delta, delta) };
    return { past: [...history.past.slice(0, -1), joined], future: [] };
  }
  const entry: Entry = { label, delta, ...(key === undefined ? {} : { key }) };
  return { past: [...history.past.slice(1 - longest), entry], future: [] };
}

/** Ends a change that is made of many, such as typing: the next one is a step of its own. */
export function seal(history: History): History {
  const last = history.past.at(-1);
  if (last?.key === undefined) return history;
  return { ...history, past: [...history.past.slice(0, -1), { label: last.label, delta: last.delta }] };
}

/** Takes the last change back; undefined if there is none. */
export function undo(history: History, pipeline: Pipeline): Moved | undefined {
  const entry = history.past.at(-1);
  if (!entry) return undefined;
  const delta = invert(entry.delta);
  return {
    history: { past: history.past.slice(0, -1), future: [...history.future, entry] },
    pipeline: applyDelta(pipeline, delta),
    delta,
  };
}

/** Does again what was taken back last; undefined if there is nothing. */
export function redo(history: History, pipeline: Pipeline): Moved | undefined {
  const entry = history.future.at(-1);
  if (!entry) return undefined;
  return {
    history: { past: [...history.past, entry], future: history.future.slice(0, -1) },
    pipeline: applyDelta(pipeline, entry.delta),
    delta: entry.delta,
  };
}

interface Moved {
  history: History;
  pipeline: Pipeline;
  delta: Delta;
}
