import type { Value } from "../../core/call.ts";
import { type CallSite, join, type Reading } from "../../core/reading.ts";

type Inputs = Record<string, Value | undefined>;
type Outputs = Record<string, Value>;

/** What a block gives instead of its own outputs. @param forward the block's own code */
export type Edit = (inputs: Inputs, forward: (inputs: Inputs) => Outputs) => Outputs;

/** Edits by the names of the blocks, as probes have them: `language.layers.0`. */
export type Edits = ReadonlyMap<string, Edit>;

/**
 * A reading under which some blocks give something else; all others are as they were, to the last bit.
 * @param prefix put before every block's name: the id of the node in its pipeline
 */
export function edited(reading: Reading, prefix: string, edits: Edits): Reading {
  if (edits.size === 0) return reading;
  /** A reading knows a call by its site, so that each has one of its own here, the same one each time. */
  const sites = new WeakMap<CallSite, CallSite>();
  const siteOf = (site: CallSite): CallSite => {
    const edit = edits.get(join(prefix, site.path));
    const known = sites.get(site);
    if (!edit || known) return known ?? site;
    const made: CallSite = {
      ...site,
      forward: (inputs, cache) => edit(inputs, (given) => site.forward(given, cache)),
    };
    sites.set(site, made);
    return made;
  };
  return {
    weight: (spec) => reading.weight(spec),
    ...(reading.starts ? { starts: (start) => reading.starts!(start) } : {}),
    call: (site, inputs) => reading.call(siteOf(site), inputs),
  };
}

/** Edits one after the other: where both change a block, the second changes what the first one gives. */
export function joinEdits(first: Edits, second: Edits): Edits {
  const joined = new Map(first);
  for (const [name, edit] of second) {
    const before = first.get(name);
    joined.set(name, before ? (inputs, forward) => edit(inputs, (given) => before(given, forward)) : edit);
  }
  return joined;
}
